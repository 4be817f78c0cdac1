package websocket

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard/internal/wsframe"
)

// piped is a server's line over a pipe: nothing is buffered below it, so what
// the peer does not read stays pending.
func piped(t *testing.T, s setup) (c *Conn, peer net.Conn) {
	t.Helper()
	s.nc, peer = net.Pipe()
	if s.max == 0 {
		s.max = defaultMaxMessage
	}
	c = newConn(s)
	t.Cleanup(func() {
		_ = c.CloseNow()
		_ = peer.Close()
		<-c.gone
	})
	return c, peer
}

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func messages(n int, p []byte, squeeze bool) []byte {
	var all []byte
	for range n {
		all = wsframe.AppendHeader(all, wsframe.Header{Fin: true, Rsv1: squeeze, Op: wsframe.Binary, Masked: true, Length: uint64(len(p))})
		all = append(all, p...) // the mask is zero
	}
	return all
}

// feed hands the line bytes as its driver would have read them.
func feed(t *testing.T, c *Conn, p []byte) {
	t.Helper()
	if _, err := c.in.Feed(p); err != nil {
		t.Fatal(err)
	}
}

func closeFrame(code int) []byte {
	p := wsframe.AppendClose(nil, code, "")
	return append(wsframe.AppendHeader(nil, wsframe.Header{Fin: true, Op: wsframe.Close, Masked: true, Length: uint64(len(p))}), p...)
}
