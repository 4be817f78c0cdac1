package msgpackhub

import (
	"encoding"
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/tinylib/msgp/msgp"
)

// appendValue writes one value: simple types at once, the rest by reflection.
func appendValue(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return msgp.AppendNil(dst), nil
	case string:
		return msgp.AppendString(dst, v), nil
	case bool:
		return msgp.AppendBool(dst, v), nil
	case int:
		return appendInt(dst, int64(v)), nil
	case int32:
		return appendInt(dst, int64(v)), nil
	case int64:
		return appendInt(dst, v), nil
	case float64:
		return msgp.AppendFloat64(dst, v), nil
	}
	return appendReflect(dst, reflect.ValueOf(v), 1)
}

// appendInt writes the shortest form; what is not negative is unsigned.
func appendInt(dst []byte, n int64) []byte {
	if n >= 0 {
		return msgp.AppendUint64(dst, uint64(n))
	}
	return msgp.AppendInt64(dst, n)
}

func appendReflect(dst []byte, v reflect.Value, depth int) ([]byte, error) {
	if depth > maxDepth {
		return dst, errDeep // a value that holds itself, or nearly
	}
	t := v.Type()
	switch {
	case t == timeType:
		return appendTime(dst, v.Interface().(time.Time)), nil
	case t == rawType:
		if v.Len() == 0 {
			return msgp.AppendNil(dst), nil
		}
		return append(dst, v.Bytes()...), nil
	case t.Implements(textMarshaler) && (t.Kind() != reflect.Pointer || !v.IsNil()) && t.Kind() != reflect.Interface:
		p, err := v.Interface().(encoding.TextMarshaler).MarshalText()
		return msgp.AppendStringFromBytes(dst, p), err
	}
	switch t.Kind() {
	case reflect.Bool:
		return msgp.AppendBool(dst, v.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return appendInt(dst, v.Int()), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return msgp.AppendUint64(dst, v.Uint()), nil
	case reflect.Float32:
		return msgp.AppendFloat32(dst, float32(v.Float())), nil
	case reflect.Float64:
		return msgp.AppendFloat64(dst, v.Float()), nil
	case reflect.String:
		return msgp.AppendString(dst, v.String()), nil
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return msgp.AppendNil(dst), nil
		}
		return appendReflect(dst, v.Elem(), depth+1)
	case reflect.Slice, reflect.Array:
		return appendList(dst, v, depth)
	case reflect.Map:
		return appendMap(dst, v, depth)
	case reflect.Struct:
		return appendStruct(dst, v, depth)
	}
	return dst, fmt.Errorf("msgpackhub: a %v cannot be sent", t)
}

func appendList(dst []byte, v reflect.Value, depth int) ([]byte, error) {
	if v.Kind() == reflect.Slice && v.IsNil() {
		return msgp.AppendNil(dst), nil
	}
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
		return msgp.AppendBytes(dst, v.Bytes()), nil
	}
	dst = msgp.AppendArrayHeader(dst, uint32(v.Len()))
	var err error
	for i := range v.Len() {
		if dst, err = appendReflect(dst, v.Index(i), depth+1); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// appendMap writes pairs sorted by key if the keys are texts, so that the same
// map always has the same bytes.
func appendMap(dst []byte, v reflect.Value, depth int) ([]byte, error) {
	if v.IsNil() {
		return msgp.AppendNil(dst), nil
	}
	keys := v.MapKeys()
	if v.Type().Key().Kind() == reflect.String {
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	}
	dst = msgp.AppendMapHeader(dst, uint32(len(keys)))
	var err error
	for _, k := range keys {
		if dst, err = appendReflect(dst, k, depth+1); err != nil {
			return dst, err
		}
		if dst, err = appendReflect(dst, v.MapIndex(k), depth+1); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

func appendStruct(dst []byte, v reflect.Value, depth int) ([]byte, error) {
	s := shapeOf(v.Type())
	if s.array {
		dst = msgp.AppendArrayHeader(dst, uint32(len(s.fields)))
	} else {
		dst = msgp.AppendMapHeader(dst, uint32(len(s.fields)))
	}
	for _, f := range s.fields {
		if !s.array {
			dst = msgp.AppendString(dst, f.name)
		}
		value, err := v.FieldByIndexErr(f.index)
		if err != nil { // inside an embedded pointer that is nil
			dst = msgp.AppendNil(dst)
			continue
		}
		if dst, err = appendReflect(dst, value, depth+1); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// appendTime writes the timestamp extension in its shortest form, in UTC and
// steps of 100 ns, as the original does.
func appendTime(dst []byte, t time.Time) []byte {
	seconds, nanos := t.Unix(), uint32(t.Nanosecond()/100*100)
	switch {
	case seconds>>34 != 0:
		dst = append(dst, 0xC7, 12, 0xFF)
		dst = binary.BigEndian.AppendUint32(dst, nanos)
		return binary.BigEndian.AppendUint64(dst, uint64(seconds))
	case nanos == 0 && seconds>>32 == 0:
		return binary.BigEndian.AppendUint32(append(dst, 0xD6, 0xFF), uint32(seconds))
	}
	return binary.BigEndian.AppendUint64(append(dst, 0xD7, 0xFF), uint64(nanos)<<34|uint64(seconds))
}
