package msgpackhub

import (
	"encoding"
	"reflect"
	"strings"
	"sync"
	"time"
)

// shape is how a struct type travels, worked out once.
type shape struct {
	array  bool
	fields []field
	byName map[string]int
}

type field struct {
	name  string
	index []int
}

// shapes holds a *shape for each struct type that was met.
var shapes sync.Map

func shapeOf(t reflect.Type) *shape {
	if s, ok := shapes.Load(t); ok {
		return s.(*shape)
	}
	s := &shape{byName: map[string]int{}}
	for _, f := range reflect.VisibleFields(t) {
		name, option, _ := strings.Cut(f.Tag.Get("msgpack"), ",")
		if f.Name == "_" {
			s.array = s.array || option == "array"
			continue
		}
		if !f.IsExported() || f.Anonymous || name == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		if _, taken := s.byName[name]; taken {
			continue // the outer one counts, as in Go
		}
		s.byName[name] = len(s.fields)
		s.fields = append(s.fields, field{name, f.Index})
	}
	kept, _ := shapes.LoadOrStore(t, s)
	return kept.(*shape)
}

var (
	timeType        = reflect.TypeFor[time.Time]()
	rawType         = reflect.TypeFor[Raw]()
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	bytesType       = reflect.TypeFor[[]byte]()
	emptyInterface  = reflect.TypeFor[any]()
)
