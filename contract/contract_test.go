package contract

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

type node struct {
	Value int
	Left  *node `json:"left,omitempty"`
	All   []node
}

type inner struct {
	A int
	B int `json:"b"`
	C int
}

type other struct {
	A int `json:"A"`
	C string
	D int
}

type hidden struct{ E int }

type outer struct {
	inner
	*other
	hidden `json:"hidden"`
	Z      int `json:"-"`
	D      int
	lower  int //lint:ignore U1000 what is not exported does not travel
	Self   *outer
}

type loop struct {
	*loop //lint:ignore U1000 it embeds itself
	X     int
}

type level int

func (level) MarshalText() ([]byte, error) { return []byte("high"), nil }

type money struct{ Cents int }

func (*money) MarshalJSON() ([]byte, error) { return []byte("1.5"), nil }

type weird []byte

func show(t Type) string {
	s := string(t.Kind)
	if t.Bits > 0 {
		s += fmt.Sprint(t.Bits)
	}
	if t.Nullable {
		s += "?"
	}
	if t.Name != "" {
		s += " " + t.Name
	}
	if t.Key != nil {
		s += "(" + show(*t.Key) + ")"
	}
	if t.Elem != nil {
		s += "[" + show(*t.Elem) + "]"
	}
	if t.Len > 0 {
		s += fmt.Sprint(t.Len)
	}
	for _, f := range t.Fields {
		s += " " + f.Name + ":" + show(f.Type)
	}
	return s
}

func TestTypes(t *testing.T) {
	for want, v := range map[string]any{
		"bool": true, "int64": 0, "int8": int8(0), "uint16": uint16(0), "float32": float32(0), "string": "", "time": time.Time{},
		"bytes?": []byte{}, "bytes? ": weird{}, "list?[int64]": []int{}, "list[uint8]16": [16]byte{}, "list?[list?[string]]": [][]string{},
		"map?(string)[any?]": map[string]any{}, "map?(int64)[time?]": map[int]*time.Time{}, "any?": json.RawMessage{}, "float64": json.Number(""),
		"int64?": new(int), "object contract.node": node{}, "object? contract.node": &node{}, "string contract.level": level(0),
		"any contract.money": money{}, "string netip.Addr": netip.Addr{}, "object x:int64": struct {
			X int `json:"x"`
		}{}, "int64 ": time.Second, "object ": struct{}{}, "list?[any contract.money]": []money{},
	} {
		if got := show(NewTypes().Of(reflect.TypeOf(v))); got != strings.TrimSpace(want) {
			t.Errorf("%T: %s, want %s", v, got, want)
		}
	}
}

// TestRecursiveTypesAreNamed: each once, however they refer to each other.
func TestRecursiveTypesAreNamed(t *testing.T) {
	ts := NewTypes()
	ts.Of(reflect.TypeFor[[]node]())
	ts.Of(reflect.TypeFor[node]())
	list := ts.List()
	if len(list) != 1 || list[0].Name != "contract.node" || show(list[0].Fields[1].Type) != "object? contract.node" || !list[0].Fields[1].Optional {
		t.Errorf("%+v", list)
	}
	type node struct{ Other int } // another one of that name
	if got := ts.Of(reflect.TypeFor[node]()); got.Name == "contract.node" || got.Name == "" {
		t.Errorf("two types share the name %q", got.Name)
	}
}

// TestFieldsAreThoseOfJSON compares with what encoding/json really writes.
func TestFieldsAreThoseOfJSON(t *testing.T) {
	for _, v := range []any{node{}, inner{}, outer{other: &other{}}, loop{}, struct {
		inner
		Other other
	}{}, struct {
		inner `json:",omitempty"`
		A     string `json:"x,omitzero,string"`
	}{A: "a"}} {
		p, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		dec := json.NewDecoder(strings.NewReader(string(p)))
		_, _ = dec.Token() // {
		var want, got []string
		for dec.More() {
			name, err := dec.Token()
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, fmt.Sprint(name))
			var skip json.RawMessage
			if err := dec.Decode(&skip); err != nil {
				t.Fatal(err)
			}
		}
		for _, f := range NewTypes().fields(reflect.TypeOf(v)) {
			if !f.Optional || f.Name == "x" {
				got = append(got, f.Name)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%T: %q, encoding/json writes %q (%s)", v, got, want, p)
		}
	}
}
