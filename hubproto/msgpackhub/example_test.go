package msgpackhub_test

import (
	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/hubproto"
	"github.com/switchboard-rt/switchboard/hubproto/jsonhub"
	"github.com/switchboard-rt/switchboard/hubproto/msgpackhub"
)

// A hub for clients of both encodings. Tags name the fields in each.
func ExampleNew() {
	type point struct {
		X int `json:"x" msgpack:"x"`
		Y int `json:"y" msgpack:"y"`
	}
	hub := switchboard.NewHub("board", &switchboard.Options{
		Codecs: []hubproto.Codec{jsonhub.New(nil), msgpackhub.New()},
	})
	hub.Handle("Mirror", func(p point) point { return point{p.Y, p.X} })
}
