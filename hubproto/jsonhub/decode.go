package jsonhub

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"
)

var errNull = errors.New("jsonhub: null does not fit")

// Decode reads a value. The rules are those of the original's serialiser:
// null fits texts, lists, maps and objects, but no number, bool or time;
// integers are exact; names of members compare without case.
func (c *codec) Decode(raw []byte, v any) error {
	switch v := v.(type) {
	case *string:
		return decodeString(raw, v)
	case *int:
		return decodeInt(raw, v, strconv.IntSize)
	case *int32:
		return decodeInt(raw, v, 32)
	case *int64:
		return decodeInt(raw, v, 64)
	case *float64:
		return decodeFloat(raw, v)
	case *bool:
		return decodeBool(raw, v)
	case *[]byte:
		return decodeBytes(raw, v)
	}
	if isNull(raw) && !takesNull(v) {
		return errNull
	}
	if err := checkText(raw); err != nil {
		return err
	}
	return c.unmarshal(raw, v)
}

func isNull(raw []byte) bool { return string(raw) == "null" }

// takesNull reports whether null is a value of what v points to.
func takesNull(v any) bool {
	if _, ok := v.(*time.Time); ok {
		return false
	}
	switch reflect.TypeOf(v).Elem().Kind() {
	case reflect.Struct, reflect.Map, reflect.Slice, reflect.Pointer, reflect.Interface, reflect.String:
		return true
	}
	return false
}

func decodeString(raw []byte, v *string) (err error) {
	if isNull(raw) {
		*v = ""
		return nil
	}
	*v, err = unquoteValue(raw)
	return err
}

func decodeInt[T int | int32 | int64](raw []byte, v *T, bits int) error {
	n, err := strconv.ParseInt(string(raw), 10, bits)
	if err != nil {
		return fmt.Errorf("jsonhub: want an integer of %d bits", bits)
	}
	*v = T(n)
	return nil
}

func decodeFloat(raw []byte, v *float64) error {
	if len(raw) == 0 || raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
		return errors.New("jsonhub: want a number")
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.IsInf(f, 0) {
		return errors.New("jsonhub: the number is too large")
	}
	*v = f
	return nil
}

func decodeBool(raw []byte, v *bool) error {
	switch string(raw) {
	case "true":
		*v = true
	case "false":
		*v = false
	default:
		return errors.New("jsonhub: want true or false")
	}
	return nil
}

func decodeBytes(raw []byte, v *[]byte) error {
	if isNull(raw) {
		*v = nil
		return nil
	}
	s, err := unquoteValue(raw)
	if err != nil {
		return err
	}
	if *v, err = base64.StdEncoding.DecodeString(s); err != nil {
		return errors.New("jsonhub: want bytes in base64")
	}
	return nil
}
