package bind

import (
	"context"
)

// fastPath recognises signatures that most hubs have: up to two strings, with
// or without a context, returning nothing, a string or an error. It returns
// nil for all others, which go through reflection.
func fastPath(fn any) func(context.Context, any, [][]byte, Decode) (any, error) {
	switch f := fn.(type) {
	case func():
		return func(context.Context, any, [][]byte, Decode) (any, error) { f(); return nil, nil }
	case func() error:
		return func(context.Context, any, [][]byte, Decode) (any, error) { return nil, f() }
	case func(context.Context):
		return func(ctx context.Context, _ any, _ [][]byte, _ Decode) (any, error) { f(ctx); return nil, nil }
	case func(context.Context) error:
		return func(ctx context.Context, _ any, _ [][]byte, _ Decode) (any, error) { return nil, f(ctx) }
	case func(string) string:
		return one(func(_ context.Context, a string) (any, error) { return f(a), nil })
	case func(string) error:
		return one(func(_ context.Context, a string) (any, error) { return nil, f(a) })
	case func(string) (string, error):
		return one(func(_ context.Context, a string) (any, error) { return value(f(a)) })
	case func(context.Context, string) string:
		return one(func(ctx context.Context, a string) (any, error) { return f(ctx, a), nil })
	case func(context.Context, string) error:
		return one(func(ctx context.Context, a string) (any, error) { return nil, f(ctx, a) })
	case func(context.Context, string) (string, error):
		return one(func(ctx context.Context, a string) (any, error) { return value(f(ctx, a)) })
	case func(context.Context, []byte) error:
		return one(func(ctx context.Context, a []byte) (any, error) { return nil, f(ctx, a) })
	case func(string, string) error:
		return two(func(_ context.Context, a, b string) (any, error) { return nil, f(a, b) })
	case func(context.Context, string, string) error:
		return two(func(ctx context.Context, a, b string) (any, error) { return nil, f(ctx, a, b) })
	case func(context.Context, string, string) (string, error):
		return two(func(ctx context.Context, a, b string) (any, error) { return value(f(ctx, a, b)) })
	}
	return nil
}

// value drops the result of a call that failed, as the reflect path does.
func value[T any](v T, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return v, nil
}

func one[A any](f func(context.Context, A) (any, error)) func(context.Context, any, [][]byte, Decode) (any, error) {
	return func(ctx context.Context, _ any, raw [][]byte, dec Decode) (any, error) {
		var a A
		if err := dec(raw[0], &a); err != nil {
			return nil, &BindError{Index: 0, Err: err}
		}
		return f(ctx, a)
	}
}

func two[A, B any](f func(context.Context, A, B) (any, error)) func(context.Context, any, [][]byte, Decode) (any, error) {
	return func(ctx context.Context, _ any, raw [][]byte, dec Decode) (any, error) {
		var a A
		if err := dec(raw[0], &a); err != nil {
			return nil, &BindError{Index: 0, Err: err}
		}
		var b B
		if err := dec(raw[1], &b); err != nil {
			return nil, &BindError{Index: 1, Err: err}
		}
		return f(ctx, a, b)
	}
}
