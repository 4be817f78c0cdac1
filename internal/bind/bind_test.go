package bind

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"strings"
	"testing"
)

type conn struct{ name string }

var connType = reflect.TypeFor[*conn]()

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		fn   any
		want string
	}{
		{nil, "want a function, got <nil>"},
		{5, "want a function, got int"},
		{(func())(nil), "the function is nil"},
		{func(...string) {}, "variadic parameters are not supported"},
		{func(string, context.Context) {}, "context.Context must be the first parameter"},
		{func(string, *conn) {}, "*bind.conn must come right after the context"},
		{func(*conn, *conn) {}, "*bind.conn must come right after the context"},
		{func(chan int) {}, "parameter 1: a client cannot send a chan int"},
		{func(int, func()) {}, "parameter 2: a client cannot send a func()"},
		{func(*chan int) {}, "parameter 1: a client cannot send a *chan int"},
		{func() (int, int) { return 0, 0 }, "want at most one result beside an error"},
		//lint:ignore ST1008 that is what is refused
		{func() (error, int) { return nil, 0 }, "want at most one result beside an error"},
		{func() (error, error) { return nil, nil }, "want one error at most"},
		{func() chan int { return nil }, "a chan int cannot be sent to a client"},
	} {
		_, err := New(c.fn, connType)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%T: %v, want %s", c.fn, err, c.want)
		}
	}
}

func TestPlans(t *testing.T) {
	for _, c := range []struct {
		fn   any
		want string
	}{
		{func() {}, "[] [] <nil> stream=false error=false"},
		{func(context.Context, *conn, int, string) error { return nil }, "[int string] [] <nil> stream=false error=true"},
		{func(*conn) (map[string]int, error) { return nil, nil }, "[] [] map[string]int stream=false error=true"},
		{func(int, iter.Seq2[string, error], bool) int { return 0 }, "[int bool] [string] int stream=false error=false"},
		{func(context.Context) iter.Seq2[int, error] { return nil }, "[] [] int stream=true error=false"},
		{func(iter.Seq2[int, error], iter.Seq2[string, error]) (iter.Seq2[int, error], error) { return nil, nil }, "[] [int string] int stream=true error=true"},
	} {
		p, err := New(c.fn, connType)
		if err != nil {
			t.Errorf("%T: %v", c.fn, err)
			continue
		}
		if got := fmt.Sprintf("%v %v %v stream=%t error=%t", p.Args, p.Uploads, p.Result, p.Streams, p.HasError); got != c.want {
			t.Errorf("%T: %s, want %s", c.fn, got, c.want)
		}
	}
}

// methods covers each fast path and its like without one.
var errBoom = errors.New("boom")

func methods() []any {
	return []any{
		func() {}, func() error { return errBoom }, func(context.Context) {}, func(context.Context) error { return nil },
		func(s string) string { return s + "!" }, func(string) error { return errBoom }, func(s string) (string, error) { return s, errBoom },
		func(s string) (string, error) { return s, nil },
		func(_ context.Context, s string) string { return s }, func(context.Context, string) error { return errBoom },
		func(_ context.Context, s string) (string, error) { return s, nil }, func(_ context.Context, p []byte) error { return errors.New(string(p)) },
		func(a, b string) error { return errors.New(a + b) }, func(_ context.Context, a, b string) error { return errors.New(b + a) },
		func(_ context.Context, a, b string) (string, error) { return a + b, nil },
		func(ctx context.Context, c *conn, a int) string { return fmt.Sprint(c.name, a, ctx != nil) },
		func(c *conn, m map[string]int) (int, error) { return m["a"], nil },
	}
}

// TestFastEqualsReflect calls each method both ways, with good and with bad arguments.
func TestFastEqualsReflect(t *testing.T) {
	dec := json.Unmarshal
	c := &conn{"c"}
	for _, fn := range methods() {
		p, err := New(fn, connType)
		if err != nil {
			t.Fatal(err)
		}
		for _, arg := range []string{`"YQ=="`, `"x"`, `7`, `{"a":1}`, `null`, `[`} {
			raw := make([][]byte, len(p.Args))
			for i := range raw {
				raw[i] = []byte(arg)
			}
			got, gotErr := p.Call(t.Context(), c, raw, dec)
			want, wantErr := p.reflect(t.Context(), c, raw, dec, nil)
			if !reflect.DeepEqual(got, want) || fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
				t.Errorf("%T(%s): %v, %v; by reflection %v, %v", fn, arg, got, gotErr, want, wantErr)
			}
			_, bad := errors.AsType[*BindError](gotErr)
			if valid := json.Valid([]byte(arg)); !valid && len(raw) > 0 && !bad {
				t.Errorf("%T(%s): %v is no *BindError", fn, arg, gotErr)
			}
		}
	}
}

func TestUploadsAreHandedThrough(t *testing.T) {
	p, err := New(func(factor int, items iter.Seq2[int, error]) (sum int, err error) {
		for v, err := range items {
			if err != nil {
				return 0, err
			}
			sum += factor * v
		}
		return sum, nil
	}, connType)
	if err != nil {
		t.Fatal(err)
	}
	items := iter.Seq2[int, error](func(yield func(int, error) bool) { _ = yield(1, nil) && yield(2, nil) })
	got, err := p.Call(t.Context(), &conn{}, [][]byte{[]byte("10")}, json.Unmarshal, items)
	if got != 30 || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}

func BenchmarkCall(b *testing.B) {
	dec := func(raw []byte, v any) error {
		switch v := v.(type) {
		case *string:
			*v = string(raw)
		case *int:
			*v = len(raw)
		}
		return nil
	}
	raw := [][]byte{[]byte("user"), []byte("message")}
	for name, fn := range map[string]any{
		"fast":    func(context.Context, string, string) error { return nil },
		"reflect": func(*conn, string, int) error { return nil },
	} {
		b.Run(name, func(b *testing.B) {
			p, err := New(fn, connType)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Call(b.Context(), &conn{}, raw, dec); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestUploadAndItems(t *testing.T) {
	p, err := New(func(items iter.Seq2[int, error]) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			for range 2 { // the second time there is nothing but an error
				for v, err := range items {
					if !yield(fmt.Sprint(v), err) {
						return
					}
				}
			}
		}
	}, connType)
	if err != nil {
		t.Fatal(err)
	}
	left := 3
	upload := p.Upload(0, func(v any) (bool, error) {
		*v.(*int) = left
		left--
		return left >= 0, nil
	})
	result, err := p.Call(t.Context(), &conn{}, nil, json.Unmarshal, upload)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for v, err := range Items(result) {
		got = append(got, fmt.Sprintf("%v %v", v, err))
	}
	if want := "3 <nil>,2 <nil>,1 <nil>,0 " + ErrRangedTwice.Error(); strings.Join(got, ",") != want {
		t.Errorf("%q, want %s", got, want)
	}
}
