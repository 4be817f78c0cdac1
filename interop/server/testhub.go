package main

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/hubproto"
	"github.com/switchboard-rt/switchboard/hubproto/jsonhub"
	"github.com/switchboard-rt/switchboard/hubproto/msgpackhub"
)

// customObject and complexObject are what the functional tests send about.
type customObject struct {
	Name  *string
	Value int32
}

type complexObject struct {
	String    *string
	IntArray  []int32
	ByteArray []byte
	Guid      string
	DateTime  time.Time
}

// newTestHub makes the hub of the official functional tests, section n.3.
func newTestHub() *switchboard.Hub {
	h := newFunctionalHub("testhub")
	h.Handle("Echo", same[*string])
	h.Handle("GetCallerConnectionId", func(c *switchboard.Conn) string { return c.ID() })
	h.Handle("GetNumRedirects", func(c *switchboard.Conn) (int, error) {
		return strconv.Atoi(c.Peer().Query.Get("numRedirects"))
	})
	h.Handle("ThrowException", func(text string) error { return invalidOperation(text) })
	h.Handle("InvokeWithString", func(ctx context.Context, c *switchboard.Conn, text *string) error {
		return c.Send(ctx, "Message", text)
	})
	h.Handle("SendCustomObject", func(ctx context.Context, c *switchboard.Conn, o *customObject) error {
		return c.Send(ctx, "CustomObject", o)
	})
	addTestStreams(h)
	h.Handle("GetActiveTransportName", func(c *switchboard.Conn) string { return c.Peer().Transport.String() })
	h.Handle("EchoComplexObject", same[*complexObject])
	h.Handle("SendComplexObject", sendComplexObject)
	h.Handle("GetContentTypeHeader", func(ctx context.Context) *string { return headerOf(ctx, "Content-Type") })
	h.Handle("GetHeader", headerOf)
	h.Handle("GetCookie", cookieOf)
	return h
}

// newFunctionalHub has the settings of section n.1: every error in detail, both encodings.
func newFunctionalHub(name string) *switchboard.Hub {
	return switchboard.NewHub(name, &switchboard.Options{
		DetailedErrors: true,
		Codecs:         []hubproto.Codec{jsonhub.New(nil), msgpackhub.New()},
	})
}

func addTestStreams(h *switchboard.Hub) {
	h.Handle("Stream", func() iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			_ = yield("a", nil) && yield("b", nil) && yield("c", nil)
		}
	})
	h.Handle("InfiniteStream", func(ctx context.Context, c *switchboard.Conn) iter.Seq2[int, error] {
		return func(func(int, error) bool) {
			<-ctx.Done()
			_ = c.Send(ctx, "StreamCanceled") // nobody is left to hear it if it fails
		}
	})
	h.Handle("StreamingConcat", func(items iter.Seq2[string, error]) (string, error) {
		var all strings.Builder
		for s, err := range items {
			if err != nil {
				return "", err
			}
			all.WriteString(s)
		}
		return all.String(), nil
	})
	h.Handle("EmptyStream", func() iter.Seq2[int, error] { return func(func(int, error) bool) {} })
	h.Handle("StreamThrowException", func(text string) (iter.Seq2[int, error], error) {
		return nil, invalidOperation(text)
	})
}

func sendComplexObject() complexObject {
	text := "hello world"
	return complexObject{
		String:    &text,
		IntArray:  []int32{1, 2, 3},
		ByteArray: []byte{1, 2, 3},
		Guid:      "00010203-0405-0607-0706-050403020100",
		DateTime:  time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

// newAuthorizedHub is behind a token, which is its endpoint's business.
func newAuthorizedHub() *switchboard.Hub {
	h := newFunctionalHub("authorizedhub")
	h.Handle("Echo", same[*string])
	return h
}

// newUncreatableHub stands for a hub whose construction fails.
func newUncreatableHub() *switchboard.Hub {
	h := newFunctionalHub("uncreatable")
	h.OnConnect(func(context.Context, *switchboard.Conn) error {
		return invalidOperation("Unable to resolve service for type 'System.Object' while attempting to activate 'FunctionalTests.UncreatableHub'.")
	})
	return h
}

// headersKey is where the headers of the connecting request travel: the
// functional tests ask for any of them, an ordinary hub would choose some with
// endpoint.Options.Headers.
type headersKey struct{}

func withHeaders(r *http.Request) context.Context {
	return context.WithValue(r.Context(), headersKey{}, r.Header.Clone())
}

func headerOf(ctx context.Context, name string) *string {
	h, _ := ctx.Value(headersKey{}).(http.Header)
	values := h.Values(name)
	if len(values) == 0 {
		return nil
	}
	all := strings.Join(values, ",")
	return &all
}

func cookieOf(ctx context.Context, name string) *string {
	h, _ := ctx.Value(headersKey{}).(http.Header)
	c, err := (&http.Request{Header: h}).Cookie(name)
	if err != nil {
		return nil
	}
	return &c.Value
}

// askResult asks a client as GET /clientresult/{id} wants it: the answer, or
// the text of the error.
func askResult(ctx context.Context, h *switchboard.Hub, id string) string {
	n, err := switchboard.Ask[int32](ctx, h.Client(id), "Result")
	if hub, ok := errors.AsType[*hubproto.HubError](err); ok {
		return hub.Text
	}
	if err != nil {
		return err.Error()
	}
	return strconv.Itoa(int(n))
}
