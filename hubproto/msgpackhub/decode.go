package msgpackhub

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"unicode/utf8"

	"github.com/tinylib/msgp/msgp"
)

// Decode reads a value into what v points to. The rules are the original's:
// nil fits texts, lists, maps and objects, but no number, bool or time; an
// integer fits a float but not the reverse; names of members compare exactly.
func (codec) Decode(raw []byte, v any) error {
	rest, err := skip(raw, 2)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return errors.New("msgpackhub: bytes behind the value")
	}
	_, err = decode(raw, reflect.ValueOf(v).Elem())
	return err
}

func misfit(p []byte, t reflect.Type) error {
	return fmt.Errorf("msgpackhub: a value of code 0x%02x does not fit %v", p[0], t)
}

// isInteger reports whether the value at p is an integer of any width.
func isInteger(p []byte) bool {
	c := p[0]
	return c <= 0x7F || c >= 0xE0 || c >= 0xCC && c <= 0xD3
}

func isFloat(p []byte) bool { return p[0] == 0xCA || p[0] == 0xCB }

// decode reads one value, which is all there, and returns what follows it.
func decode(p []byte, v reflect.Value) ([]byte, error) {
	t := v.Type()
	switch {
	case t == rawType:
		rest, err := skip(p, 2)
		if err == nil {
			v.SetBytes(bytes.Clone(p[:len(p)-len(rest)]))
		}
		return rest, err
	case t == timeType:
		return decodeTime(p, v)
	case reflect.PointerTo(t).Implements(textUnmarshaler) && !isNil(p):
		s, rest, err := msgp.ReadStringAsBytes(p, nil)
		if err != nil {
			return nil, misfit(p, t)
		}
		return rest, v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText(s)
	}
	switch t.Kind() {
	case reflect.Pointer:
		if isNil(p) {
			v.SetZero()
			return p[1:], nil
		}
		v.Set(reflect.New(t.Elem()))
		return decode(p, v.Elem())
	case reflect.Slice, reflect.Map, reflect.Struct, reflect.String, reflect.Interface:
		if isNil(p) {
			v.SetZero()
			return p[1:], nil
		}
	}
	return decodeKind(p, v)
}

func decodeKind(p []byte, v reflect.Value) ([]byte, error) {
	switch v.Kind() {
	case reflect.String:
		return decodeText(p, v)
	case reflect.Bool:
		b, rest, err := msgp.ReadBoolBytes(p)
		if err != nil {
			return nil, misfit(p, v.Type())
		}
		v.SetBool(b)
		return rest, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return decodeInt(p, v)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return decodeUint(p, v)
	case reflect.Float32, reflect.Float64:
		return decodeFloat(p, v)
	case reflect.Slice, reflect.Array:
		return decodeList(p, v)
	case reflect.Map:
		return decodeMap(p, v)
	case reflect.Struct:
		return decodeStruct(p, v)
	case reflect.Interface:
		return decodeAny(p, v)
	}
	return nil, misfit(p, v.Type())
}

func decodeText(p []byte, v reflect.Value) ([]byte, error) {
	s, rest, err := msgp.ReadStringZC(p)
	if err != nil {
		return nil, misfit(p, v.Type())
	}
	if !utf8.Valid(s) {
		return nil, errors.New("msgpackhub: the text is no Unicode")
	}
	v.SetString(string(s))
	return rest, nil
}

func decodeInt(p []byte, v reflect.Value) ([]byte, error) {
	if !isInteger(p) {
		return nil, misfit(p, v.Type())
	}
	n, rest, err := msgp.ReadInt64Bytes(p)
	if err != nil || v.OverflowInt(n) {
		return nil, misfit(p, v.Type())
	}
	v.SetInt(n)
	return rest, nil
}

func decodeUint(p []byte, v reflect.Value) ([]byte, error) {
	if !isInteger(p) {
		return nil, misfit(p, v.Type())
	}
	n, rest, err := msgp.ReadUint64Bytes(p)
	if err != nil || v.OverflowUint(n) {
		return nil, misfit(p, v.Type())
	}
	v.SetUint(n)
	return rest, nil
}

func decodeFloat(p []byte, v reflect.Value) ([]byte, error) {
	switch {
	case isFloat(p):
		f, rest, err := msgp.ReadFloat64Bytes(p)
		v.SetFloat(f)
		return rest, err
	case !isInteger(p):
		return nil, misfit(p, v.Type())
	case p[0] == 0xCF:
		n, rest, err := msgp.ReadUint64Bytes(p)
		v.SetFloat(float64(n))
		return rest, err
	}
	n, rest, err := msgp.ReadInt64Bytes(p)
	v.SetFloat(float64(n))
	return rest, err
}
