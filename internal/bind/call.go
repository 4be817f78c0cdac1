package bind

import (
	"context"
	"reflect"
)

// Call decodes the arguments with dec and calls the function. len(raw) must be
// len(p.Args), and uploads must hold an iterator of the parameter's type for
// each of p.Uploads. An argument that does not fit is a *BindError; any other
// error is the function's own. Panics of the function pass through.
func (p *Plan) Call(ctx context.Context, conn any, raw [][]byte, dec Decode, uploads ...any) (any, error) {
	if p.fast != nil {
		return p.fast(ctx, conn, raw, dec)
	}
	return p.reflect(ctx, conn, raw, dec, uploads)
}

func (p *Plan) reflect(ctx context.Context, conn any, raw [][]byte, dec Decode, uploads []any) (any, error) {
	return p.callWith(ctx, conn, uploads, func(i int, t reflect.Type) (reflect.Value, error) {
		v := reflect.New(t)
		if err := dec(raw[i], v.Interface()); err != nil {
			return v, &BindError{Index: i, Err: err}
		}
		return v.Elem(), nil
	})
}

// callWith calls the function; argument makes the i-th value from the wire.
func (p *Plan) callWith(ctx context.Context, conn any, uploads []any, argument func(i int, t reflect.Type) (reflect.Value, error)) (any, error) {
	in := make([]reflect.Value, len(p.params))
	arg, upload := 0, 0
	for i, param := range p.params {
		switch param.kind {
		case fromContext:
			in[i] = reflect.ValueOf(ctx)
		case fromConn:
			in[i] = reflect.ValueOf(conn)
		case fromUpload:
			in[i] = reflect.ValueOf(uploads[upload])
			upload++
		case fromWire:
			v, err := argument(arg, param.typ)
			if err != nil {
				return nil, err
			}
			in[i] = v
			arg++
		}
	}
	return p.results(p.fn.Call(in))
}

func (p *Plan) results(out []reflect.Value) (result any, err error) {
	if p.HasError {
		err, _ = out[len(out)-1].Interface().(error)
	}
	if p.Result != nil && err == nil {
		result = out[0].Interface()
	}
	return result, err
}
