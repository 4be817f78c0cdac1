package bind

import (
	"errors"
	"iter"
	"reflect"
	"sync/atomic"
)

// ErrRangedTwice is what an upload yields to whoever ranges over it again:
// its items are gone.
var ErrRangedTwice = errors.New("an upload can be ranged over once only")

// Upload makes the i-th upload's iterator. next reads an item into what v
// points to; more is false at the end. An error is yielded and ends the iteration.
func (p *Plan) Upload(i int, next func(v any) (more bool, err error)) any {
	item := p.Uploads[i]
	var used atomic.Bool
	seq := reflect.MakeFunc(p.uploadType(i), func(args []reflect.Value) []reflect.Value {
		yield, noError := args[0], reflect.Zero(errorType)
		if used.Swap(true) {
			yield.Call([]reflect.Value{reflect.Zero(item), reflect.ValueOf(&ErrRangedTwice).Elem()})
			return nil
		}
		for {
			v := reflect.New(item)
			more, err := next(v.Interface())
			if err != nil {
				yield.Call([]reflect.Value{reflect.Zero(item), reflect.ValueOf(&err).Elem()})
				return nil
			}
			if !more || !yield.Call([]reflect.Value{v.Elem(), noError})[0].Bool() {
				return nil
			}
		}
	})
	return seq.Interface()
}

// uploadType is the parameter's own type, which may be a named one.
func (p *Plan) uploadType(i int) reflect.Type {
	for _, param := range p.params {
		if param.kind == fromUpload {
			if i == 0 {
				return param.typ
			}
			i--
		}
	}
	panic("bind: there is no such upload")
}

// Items walks over the result of a function that streams. A nil result has none.
func Items(result any) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		v := reflect.ValueOf(result)
		if !v.IsValid() || v.IsNil() {
			return
		}
		for item, err := range v.Seq2() {
			e, _ := err.Interface().(error)
			if !yield(item.Interface(), e) {
				return
			}
		}
	}
}
