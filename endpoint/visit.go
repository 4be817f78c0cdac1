package endpoint

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"

	"github.com/switchboard-rt/switchboard/internal/wire"
)

// visit is one request on the shorter way, from its head to its answer or to
// the hand-over of its connection.
type visit struct {
	front   *front
	arrival *wire.Arrival
	request *http.Request
	reply   reply
}

// Run implements wire.Visit: it calls the handler as net/http does.
func (v *visit) Run() {
	ctx, cancel := context.WithCancel(visitContext{v.front.base, v.front.server, v.arrival.LocalAddr()})
	w := &v.reply
	w.visit = v
	r := v.request.WithContext(ctx)
	r.RemoteAddr = v.arrival.Remote().String()
	v.request = r
	returned := false
	defer func() {
		cancel()
		if !returned {
			v.failed(recover())
		}
		if w.back != nil {
			w.back()
		}
	}()
	v.front.handler().ServeHTTP(w, r)
	returned = true
	w.finish()
}

// failed ends the connection of a handler that has panicked, or ended its goroutine.
func (v *visit) failed(cause any) {
	if cause != nil && cause != http.ErrAbortHandler {
		buf := make([]byte, 64<<10)
		buf = buf[:runtime.Stack(buf, false)]
		v.front.logf("http: panic serving %v: %v\n%s", v.request.RemoteAddr, cause, buf)
	}
	if !v.reply.taken {
		_ = v.arrival.Close()
	}
	v.arrival.Drop() // one that was lent, and not taken
	v.reply.taken = true
}

// visitContext has what net/http puts into the context of a request.
type visitContext struct {
	context.Context
	server *http.Server
	local  net.Addr
}

func (c visitContext) Value(key any) any {
	switch key {
	case http.ServerContextKey:
		return c.server
	case http.LocalAddrContextKey:
		return c.local
	}
	return c.Context.Value(key)
}

// arrivalOf finds the arrival below a ResponseWriter, as
// http.ResponseController finds a Hijacker: nil if there is none, or if a
// middleware has a Hijack of its own, which is to see it.
func arrivalOf(w http.ResponseWriter) *reply {
	for {
		switch t := w.(type) {
		case *reply:
			return t
		case http.Hijacker:
			return nil
		case interface{ Unwrap() http.ResponseWriter }:
			w = t.Unwrap()
		default:
			return nil
		}
	}
}

// lending is a ResponseWriter whose Hijack gives the arrival as it is, which
// only an engine knows to use.
type lending struct {
	http.ResponseWriter
	reply *reply
}

// Hijack implements http.Hijacker.
func (l lending) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if l.reply.taken {
		return nil, nil, http.ErrHijacked
	}
	if l.reply.wrote || l.reply.visit.arrival == nil {
		return l.reply.Hijack()
	}
	l.reply.taken = true
	return l.reply.visit.arrival, nothingRead, nil
}

// nothingRead says that nothing was read behind the request. Nobody reads from it.
var nothingRead = bufio.NewReadWriter(bufio.NewReaderSize(strings.NewReader(""), 16), bufio.NewWriterSize(io.Discard, 1))
