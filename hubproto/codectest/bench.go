package codectest

import (
	"testing"

	"github.com/switchboard-rt/switchboard/hubproto"
)

// point is a value as hubs often take it.
type point struct {
	Name string  `json:"name"`
	X    float64 `json:"x"`
	Y    float64 `json:"y"`
	Tags []int   `json:"tags"`
}

// BenchmarkDecode reads one argument of each of the usual types.
func BenchmarkDecode(b *testing.B, c hubproto.Codec) {
	run(b, c, "string", "a message of the usual length")
	run(b, c, "int", 12345)
	run(b, c, "struct", point{Name: "a name", X: 1.5, Y: -2.25, Tags: []int{1, 2, 3}})
}

func run[T any](b *testing.B, c hubproto.Codec, name string, v T) {
	b.Run(name, func(b *testing.B) {
		p, err := c.AppendInvocation(nil, "", "M", []any{v}, nil)
		if err != nil {
			b.Fatal(err)
		}
		body, _, _, _ := c.Split(p, 0)
		var m hubproto.Message
		if err := c.Parse(body, &m); err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			var got T
			if err := c.Decode(m.Args[0], &got); err != nil {
				b.Fatal(err)
			}
		}
	})
}
