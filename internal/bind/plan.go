// Package bind turns a func value into a call plan: which arguments come from
// the wire, what comes back. It is the only reflection of the house; it runs
// once for each method, at registration. Calls of common signatures run
// without any (fast.go).
package bind

import (
	"context"
	"fmt"
	"reflect"
)

// Decode reads one raw argument into what v points to.
type Decode = func(raw []byte, v any) error

// Plan is how to call one function.
type Plan struct {
	// Args are the types of the arguments from the wire, in order; uploads are left out.
	Args []reflect.Type
	// Uploads are the element types of iter.Seq2[T, error] parameters, in order.
	Uploads []reflect.Type
	// Result is the type of the result, nil for none; for a stream that of its items.
	Result reflect.Type
	// Streams says that the function returns iter.Seq2[Result, error].
	Streams bool
	// HasContext says that the function takes a context.
	HasContext bool
	// HasError says that the function returns an error.
	HasError bool

	fn     reflect.Value
	params []param
	fast   func(ctx context.Context, conn any, raw [][]byte, dec Decode) (any, error)
}

type paramKind uint8

const (
	fromContext paramKind = iota
	fromConn
	fromWire
	fromUpload
)

type param struct {
	kind paramKind
	typ  reflect.Type
}

// BindError says that an argument does not fit its parameter.
type BindError struct {
	Index int // of the argument, from 0
	Err   error
}

func (e *BindError) Error() string { return fmt.Sprintf("argument %d: %v", e.Index+1, e.Err) }
func (e *BindError) Unwrap() error { return e.Err }

var (
	contextType = reflect.TypeFor[context.Context]()
	errorType   = reflect.TypeFor[error]()
	boolType    = reflect.TypeFor[bool]()
)

// New checks fn's signature:
//
//	func([context.Context], [C], arguments...) ([result], [error])
//
// where C is connType. Errors are sentences that say what is wrong.
func New(fn any, connType reflect.Type) (*Plan, error) {
	v := reflect.ValueOf(fn)
	if fn == nil || v.Kind() != reflect.Func {
		return nil, fmt.Errorf("want a function, got %T", fn)
	}
	if v.IsNil() {
		return nil, fmt.Errorf("the function is nil")
	}
	t := v.Type()
	if t.IsVariadic() {
		return nil, fmt.Errorf("variadic parameters are not supported: take a slice (%v)", t)
	}
	p := &Plan{fn: v}
	if err := p.readParams(t, connType); err != nil {
		return nil, err
	}
	if err := p.readResults(t); err != nil {
		return nil, err
	}
	p.fast = fastPath(fn)
	return p, nil
}

func (p *Plan) readParams(t, connType reflect.Type) error {
	for i := range t.NumIn() {
		typ := t.In(i)
		item, upload := streamOf(typ)
		switch {
		case typ == contextType && i != 0:
			return fmt.Errorf("context.Context must be the first parameter (%v)", t)
		case typ == contextType:
			p.params = append(p.params, param{fromContext, typ})
			p.HasContext = true
		case typ == connType && !p.onlyContext():
			return fmt.Errorf("%v must come right after the context (%v)", connType, t)
		case typ == connType:
			p.params = append(p.params, param{fromConn, typ})
		case upload:
			p.params = append(p.params, param{fromUpload, typ})
			p.Uploads = append(p.Uploads, item)
		case !carries(typ):
			return fmt.Errorf("parameter %d: a client cannot send a %v", i+1, typ)
		default:
			p.params = append(p.params, param{fromWire, typ})
			p.Args = append(p.Args, typ)
		}
	}
	return nil
}

// onlyContext reports whether nothing but a context was read so far.
func (p *Plan) onlyContext() bool {
	return len(p.params) == 0 || len(p.params) == 1 && p.params[0].kind == fromContext
}

func (p *Plan) readResults(t reflect.Type) error {
	out := make([]reflect.Type, t.NumOut())
	for i := range out {
		out[i] = t.Out(i)
	}
	if n := len(out); n > 0 && out[n-1] == errorType {
		p.HasError = true
		out = out[:n-1]
	}
	switch {
	case len(out) == 0:
		return nil
	case len(out) > 1:
		return fmt.Errorf("want at most one result beside an error: return a struct (%v)", t)
	case out[0] == errorType:
		return fmt.Errorf("want one error at most (%v)", t)
	}
	p.Result = out[0]
	if item, ok := streamOf(out[0]); ok {
		p.Result, p.Streams = item, true
		return nil
	}
	if !carries(out[0]) {
		return fmt.Errorf("a %v cannot be sent to a client (%v)", out[0], t)
	}
	return nil
}

// streamOf recognises iter.Seq2[T, error]: func(yield func(T, error) bool).
func streamOf(t reflect.Type) (item reflect.Type, ok bool) {
	if t.Kind() != reflect.Func || t.NumIn() != 1 || t.NumOut() != 0 || t.IsVariadic() {
		return nil, false
	}
	yield := t.In(0)
	if yield.Kind() != reflect.Func || yield.NumIn() != 2 || yield.NumOut() != 1 ||
		yield.In(1) != errorType || yield.Out(0) != boolType {
		return nil, false
	}
	return yield.In(0), true
}

// carries reports whether values of t can travel at all.
func carries(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Func, reflect.Chan, reflect.UnsafePointer, reflect.Uintptr:
		return false
	case reflect.Pointer:
		return carries(t.Elem())
	}
	return true
}
