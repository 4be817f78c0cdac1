package msgpackhub

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"time"

	"github.com/tinylib/msgp/msgp"
)

// decodeList reads an array. Bytes come from bin, str or an array of integers.
func decodeList(p []byte, v reflect.Value) ([]byte, error) {
	t := v.Type()
	if t.ConvertibleTo(bytesType) && t.Kind() == reflect.Slice {
		if b, rest, err := msgp.ReadBytesZC(p); err == nil {
			v.SetBytes(bytes.Clone(b))
			return rest, nil
		}
		if s, rest, err := msgp.ReadStringZC(p); err == nil {
			v.SetBytes(bytes.Clone(s))
			return rest, nil
		}
	}
	n, rest, ok := array(p)
	if !ok || t.Kind() == reflect.Array && n != t.Len() {
		return nil, misfit(p, t)
	}
	if t.Kind() == reflect.Slice {
		v.Set(reflect.MakeSlice(t, n, n)) // there are n bytes at least
	}
	var err error
	for i := range n {
		if rest, err = decode(rest, v.Index(i)); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

func decodeMap(p []byte, v reflect.Value) ([]byte, error) {
	t := v.Type()
	n, rest, ok := dict(p)
	if !ok {
		return nil, misfit(p, t)
	}
	v.Set(reflect.MakeMapWithSize(t, n))
	var err error
	for range n {
		key, value := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		if rest, err = decode(rest, key); err != nil {
			return nil, err
		}
		if !key.Comparable() { // an interface that holds a list
			return nil, misfit(p, t)
		}
		if rest, err = decode(rest, value); err != nil {
			return nil, err
		}
		v.SetMapIndex(key, value)
	}
	return rest, nil
}

func decodeStruct(p []byte, v reflect.Value) ([]byte, error) {
	s := shapeOf(v.Type())
	if s.array {
		return decodeTuple(p, v, s)
	}
	n, rest, ok := dict(p)
	if !ok {
		return nil, misfit(p, v.Type())
	}
	for range n {
		name, after, err := msgp.ReadStringZC(rest)
		if err != nil {
			return nil, misfit(p, v.Type())
		}
		if i, known := s.byName[string(name)]; known {
			rest, err = decode(after, fieldOf(v, s.fields[i].index))
		} else {
			rest, err = skip(after, 2)
		}
		if err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// decodeTuple reads a struct that travels as an array; surplus elements are
// skipped, missing ones left as they are.
func decodeTuple(p []byte, v reflect.Value, s *shape) ([]byte, error) {
	n, rest, ok := array(p)
	if !ok {
		return nil, misfit(p, v.Type())
	}
	var err error
	for i := range n {
		if i < len(s.fields) {
			rest, err = decode(rest, fieldOf(v, s.fields[i].index))
		} else {
			rest, err = skip(rest, 2)
		}
		if err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// fieldOf finds a field, making embedded structs behind nil pointers on the way.
func fieldOf(v reflect.Value, index []int) reflect.Value {
	for i, x := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(x)
	}
	return v
}

// decodeAny reads a value whose type nobody has named.
func decodeAny(p []byte, v reflect.Value) ([]byte, error) {
	if v.Type() != emptyInterface {
		return nil, misfit(p, v.Type())
	}
	into := reflect.New(typeFor(p)).Elem()
	rest, err := decode(p, into)
	if err == nil {
		v.Set(into)
	}
	return rest, err
}

// typeFor is the Go type that fits a value best.
func typeFor(p []byte) reflect.Type {
	size, _, _ := head(p) // the value was checked before
	switch c := p[0]; {
	case c == 0xCF:
		return reflect.TypeFor[uint64]()
	case isInteger(p):
		return reflect.TypeFor[int64]()
	case isFloat(p):
		return reflect.TypeFor[float64]()
	case c == 0xC2 || c == 0xC3:
		return reflect.TypeFor[bool]()
	case c >= 0xC4 && c <= 0xC6:
		return bytesType
	case c >= 0xA0 && c <= 0xBF || c >= 0xD9 && c <= 0xDB:
		return reflect.TypeFor[string]()
	case c&0xF0 == 0x90 || c == 0xDC || c == 0xDD:
		return reflect.TypeFor[[]any]()
	case c&0xF0 == 0x80 || c == 0xDE || c == 0xDF:
		return reflect.TypeFor[map[any]any]()
	case isTimestamp(p[:size]):
		return timeType
	}
	return rawType // an extension that nobody knows
}

func isTimestamp(p []byte) bool {
	return len(p) == 6 && p[0] == 0xD6 && p[1] == 0xFF || len(p) == 10 && p[0] == 0xD7 && p[1] == 0xFF ||
		len(p) == 15 && p[0] == 0xC7 && p[2] == 0xFF
}

func decodeTime(p []byte, v reflect.Value) ([]byte, error) {
	size, _, err := head(p)
	if err != nil || !isTimestamp(p[:size]) {
		return nil, misfit(p, v.Type())
	}
	var t time.Time
	switch size {
	case 6:
		t = time.Unix(int64(binary.BigEndian.Uint32(p[2:])), 0)
	case 10:
		both := binary.BigEndian.Uint64(p[2:])
		t = time.Unix(int64(both&(1<<34-1)), int64(both>>34))
	case 15:
		t = time.Unix(int64(binary.BigEndian.Uint64(p[7:])), int64(binary.BigEndian.Uint32(p[3:])))
	}
	v.Set(reflect.ValueOf(t.UTC()))
	return p[size:], nil
}
