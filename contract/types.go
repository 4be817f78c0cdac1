package contract

import (
	"cmp"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"
)

// Types describes Go types and collects the named structs among them.
type Types struct {
	named map[reflect.Type]*Struct
	taken map[string]bool
}

// NewTypes starts with no types.
func NewTypes() *Types {
	return &Types{named: map[reflect.Type]*Struct{}, taken: map[string]bool{}}
}

// List is the structs met so far, by name.
func (ts *Types) List() []Struct {
	list := make([]Struct, 0, len(ts.named))
	for _, s := range ts.named {
		list = append(list, *s)
	}
	slices.SortFunc(list, func(a, b Struct) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

var (
	timeType      = reflect.TypeFor[time.Time]()
	numberType    = reflect.TypeFor[json.Number]()
	rawType       = reflect.TypeFor[json.RawMessage]()
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

// Of describes t as encoding/json writes it.
func (ts *Types) Of(t reflect.Type) Type {
	switch {
	case t == timeType:
		return Type{Kind: Time}
	case t == rawType:
		return Type{Kind: Any, Nullable: true}
	case t == numberType:
		return Type{Kind: Float, Bits: 64}
	case t.Kind() == reflect.Pointer:
		of := ts.Of(t.Elem())
		of.Nullable = true
		return of
	case t.Kind() == reflect.Interface:
		return Type{Kind: Any, Nullable: true}
	case implements(t, jsonMarshaler):
		return Type{Kind: Any, Name: t.String(), Nullable: nillable(t)}
	case implements(t, textMarshaler):
		return Type{Kind: String, Name: t.String(), Nullable: nillable(t)}
	}
	return ts.plain(t)
}

// implements looks at the pointer as well: values in structs and lists are addressable.
func implements(t, i reflect.Type) bool {
	return t.Implements(i) || reflect.PointerTo(t).Implements(i)
}

func nillable(t reflect.Type) bool {
	return t.Kind() == reflect.Map || t.Kind() == reflect.Slice
}

// plain describes a type by its kind.
func (ts *Types) plain(t reflect.Type) Type {
	switch k := t.Kind(); k {
	case reflect.Bool:
		return Type{Kind: Bool}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return Type{Kind: Int, Bits: t.Bits()}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return Type{Kind: Uint, Bits: t.Bits()}
	case reflect.Float32, reflect.Float64:
		return Type{Kind: Float, Bits: t.Bits()}
	case reflect.String:
		return Type{Kind: String}
	case reflect.Slice:
		if e := t.Elem(); e.Kind() == reflect.Uint8 && !implements(e, jsonMarshaler) && !implements(e, textMarshaler) {
			return Type{Kind: Bytes, Nullable: true}
		}
		elem := ts.Of(t.Elem())
		return Type{Kind: List, Elem: &elem, Nullable: true}
	case reflect.Array:
		elem := ts.Of(t.Elem())
		return Type{Kind: List, Elem: &elem, Len: t.Len()}
	case reflect.Map:
		key, elem := ts.Of(t.Key()), ts.Of(t.Elem())
		return Type{Kind: Map, Key: &key, Elem: &elem, Nullable: true}
	case reflect.Struct:
		return ts.object(t)
	}
	return Type{Kind: Any, Name: t.String()} // cannot travel: the codec will say so
}

// object describes a struct. One with a name is described once and referred to
// from then on, by itself, too.
func (ts *Types) object(t reflect.Type) Type {
	if t.Name() == "" {
		return Type{Kind: Object, Fields: ts.fields(t)}
	}
	s := ts.named[t]
	if s == nil {
		s = &Struct{Name: ts.name(t)}
		ts.named[t] = s
		s.Fields = ts.fields(t)
	}
	return Type{Kind: Object, Name: s.Name}
}

// name finds one that no other type has: the package's and the type's, then
// the whole path, then a number.
func (ts *Types) name(t reflect.Type) string {
	name := t.String()
	if ts.taken[name] {
		name = t.PkgPath() + "." + t.Name()
	}
	for i, base := 2, name; ts.taken[name]; i++ {
		name = fmt.Sprintf("%s#%d", base, i)
	}
	ts.taken[name] = true
	return name
}
