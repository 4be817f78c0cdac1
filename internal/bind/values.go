package bind

import (
	"context"
	"fmt"
	"reflect"
)

// Decode reads the arguments as values, for whoever wants to see them before
// the call. An argument that does not fit is a *BindError.
func (p *Plan) Decode(raw [][]byte, dec Decode) ([]any, error) {
	args := make([]any, len(p.Args))
	for i, t := range p.Args {
		v := reflect.New(t)
		if err := dec(raw[i], v.Interface()); err != nil {
			return nil, &BindError{Index: i, Err: err}
		}
		args[i] = v.Elem().Interface()
	}
	return args, nil
}

// Invoke is Call with arguments that are decoded already. The error says if
// one was exchanged for a value of another type.
func (p *Plan) Invoke(ctx context.Context, conn any, args []any, uploads ...any) (any, error) {
	if len(args) != len(p.Args) {
		return nil, fmt.Errorf("the method takes %d argument(s), a filter has left %d", len(p.Args), len(args))
	}
	return p.callWith(ctx, conn, uploads, func(i int, t reflect.Type) (reflect.Value, error) {
		v, ok := fit(args[i], t)
		if !ok {
			return v, fmt.Errorf("argument %d must be a %v, a filter has made it a %T", i+1, t, args[i])
		}
		return v, nil
	})
}

// fit makes v a value of type t; nil is one of every type that knows it.
func fit(v any, t reflect.Type) (reflect.Value, bool) {
	if v == nil {
		switch t.Kind() {
		case reflect.Interface, reflect.Pointer, reflect.Map, reflect.Slice:
			return reflect.Zero(t), true
		}
		return reflect.Value{}, false
	}
	r := reflect.ValueOf(v)
	return r, r.Type().AssignableTo(t)
}

// Streams reports whether Items can walk over result.
func Streams(result any) bool {
	if result == nil {
		return true
	}
	_, ok := streamOf(reflect.TypeOf(result))
	return ok
}

// Param is a parameter that a client fills: an argument, or the items of an upload.
type Param struct {
	Type   reflect.Type
	Upload bool
}

// Params are the parameters that a client fills, in the order of the function.
func (p *Plan) Params() []Param {
	var params []Param
	for _, q := range p.params {
		switch q.kind {
		case fromWire:
			params = append(params, Param{Type: q.typ})
		case fromUpload:
			item, _ := streamOf(q.typ)
			params = append(params, Param{Type: item, Upload: true})
		}
	}
	return params
}
