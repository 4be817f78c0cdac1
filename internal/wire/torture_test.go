package wire

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

// TestTortureOfDrivers opens, floods, stalls, closes and resets connections at random,
// so that descriptors are reused all the time, and checks that every byte
// belongs to its connection's stream: a slip in who may read, write or close a
// descriptor would hand one user's bytes to another. TORTURE_SECONDS makes it longer.
func TestTortureOfDrivers(t *testing.T) {
	onEachDriver(t, func(t *testing.T, v variant) { torture(t, v, (*exchange).acceptAll) })
}

// torture has accept take the connections until the listener is closed.
func torture(t *testing.T, v variant, accept func(x *exchange, t *testing.T)) {
	seconds, err := strconv.Atoi(os.Getenv("TORTURE_SECONDS"))
	if err != nil {
		seconds = 1
	}
	x := newExchange(t, v)
	x.accepts.Go(func() { accept(x, t) })
	until := time.Now().Add(time.Duration(seconds) * time.Second)
	over := func() bool { // on a busy machine it takes longer until anything has come
		late := time.Since(until)
		return late > 0 && x.echoed.Load() > 0 && x.heard.Load() > 0 || late > time.Minute
	}
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			for !over() {
				x.visit(t)
			}
		})
	}
	wg.Go(func() { x.storm(over) })
	wg.Wait()
	x.close(t)
	t.Logf("%d visits, %d records echoed, %d broadcast", x.visits.Load(), x.echoed.Load(), x.heard.Load())
	if x.echoed.Load() == 0 || x.heard.Load() == 0 {
		t.Error("nothing was echoed or broadcast")
	}
}

// A record is 16 bytes: whose stream it belongs to, and its number in it. The
// broadcast has an identity of its own.
const (
	recordSize  = 16
	broadcaster = ^uint64(0)
)

func appendRecord(dst []byte, id, n uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(dst, id), n)
}

// bare is a framing that adds nothing.
type bare struct{}

func (bare) Append(dst []byte, f *transport.Frame) []byte       { return append(dst, f.Payload...) }
func (bare) Head(dst []byte, _ *transport.Frame) ([]byte, bool) { return dst, true }
func (bare) End(dst []byte, _ transport.CloseReason) []byte     { return dst }

// exchange is a server that echoes records and broadcasts its own.
type exchange struct {
	variant
	engine   *Engine
	listener net.Listener
	accepts  sync.WaitGroup
	fail     func(format string, args ...any)

	ids, visits, echoed, heard atomic.Uint64

	mu   sync.Mutex
	open map[*echoInput]bool
}

func newExchange(t *testing.T, v variant) *exchange {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	x := &exchange{variant: v, engine: quietEngine(), listener: l, fail: t.Errorf, open: map[*echoInput]bool{}}
	x.engine.SetDriver(v.driver)
	return x
}

func (x *exchange) acceptAll(t *testing.T) {
	for {
		nc, err := x.listener.Accept()
		if err != nil {
			return
		}
		x.accept(t, nc)
	}
}

func (x *exchange) accept(t *testing.T, nc net.Conn) {
	if x.tls {
		nc = secured(t, nc)
	}
	in := &echoInput{x: x}
	in.out = x.engine.NewOutbox((&OutboxOptions{MaxPending: 256 << 10, CloseTimeout: 300 * time.Millisecond, WriteTimeout: time.Second}).WithDefaults(), nil)
	x.mu.Lock()
	x.open[in] = true
	x.mu.Unlock()
	x.engine.Attach(nc, nil, in.out, bare{}, in)
}

// storm broadcasts until the time is over, sometimes aborting a connection.
func (x *exchange) storm(over func() bool) {
	for n := uint64(0); !over(); n++ {
		f := &transport.Frame{Payload: appendRecord(nil, broadcaster, n)}
		x.mu.Lock()
		for in := range x.open {
			// Until a client has heard anything none is ended for being slow: on a busy
			// machine the storm would be quicker than any handshake.
			if x.heard.Load() > 0 || in.out.Pending() < 64<<10 {
				_ = in.out.Queue(f)
			}
			if rand.IntN(5000) == 0 {
				go in.out.Kill(nil)
			}
		}
		x.mu.Unlock()
		time.Sleep(200 * time.Microsecond) // the pace of the storm, not a wait
	}
}

func (x *exchange) close(t *testing.T) {
	_ = x.listener.Close()
	x.accepts.Wait()
	x.mu.Lock()
	for in := range x.open {
		go in.out.Kill(nil)
	}
	x.mu.Unlock()
	if err := x.engine.Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

// echoInput checks that its stream is one client's, in order, and echoes it.
type echoInput struct {
	x       *exchange
	out     *Outbox
	id      uint64
	next    uint64
	partial []byte

	mu      sync.Mutex
	replies [][]byte
	ended   bool
}

func (in *echoInput) Feed(p []byte) (bool, error) {
	in.partial = append(in.partial, p...)
	whole := len(in.partial) / recordSize * recordSize
	for at := 0; at < whole; at += recordSize {
		id, n := binary.BigEndian.Uint64(in.partial[at:]), binary.BigEndian.Uint64(in.partial[at+8:])
		if in.id == 0 {
			in.id = id
		}
		if id != in.id || n != in.next {
			in.x.fail("the stream of %d got record %d of %d, wanted its %d", in.id, n, id, in.next)
			return false, io.EOF
		}
		in.next++
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.replies = append(in.replies, append([]byte(nil), in.partial[:whole]...))
	in.partial = append([]byte(nil), in.partial[whole:]...)
	return true, nil
}

func (in *echoInput) Run() {
	in.mu.Lock() // held while sending: several goroutines may be here
	defer in.mu.Unlock()
	for _, p := range in.replies {
		if len(p) > 0 {
			_ = in.out.Send(&transport.Frame{Payload: p}) // the end of a slow one
		}
	}
	in.replies = nil
	if rand.IntN(300) == 0 {
		in.out.Close(transport.Normal)
	}
}

func (in *echoInput) End(error) bool {
	in.x.mu.Lock()
	defer in.x.mu.Unlock()
	delete(in.x.open, in)
	if in.ended {
		in.x.fail("End came twice")
	}
	in.ended = true
	return true
}

// visit is one client's life.
func (x *exchange) visit(t *testing.T) {
	nc, err := net.Dial("tcp", x.listener.Addr().String())
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = nc.Close() }()
	x.visits.Add(1)
	if rand.IntN(3) == 0 {
		_ = nc.(*net.TCPConn).SetLinger(0) // its Close is a reset
	}
	if x.tls {
		if nc, err = securedClient(nc); err != nil {
			return // the other side was quicker to end it
		}
	}
	id := x.ids.Add(1)
	records := rand.Uint64N(2000)
	go func() {
		var p []byte
		for n := range records {
			p = appendRecord(p, id, n)
			if rand.IntN(20) == 0 {
				if _, err := nc.Write(p); err != nil {
					return
				}
				p = p[:0]
			}
		}
	}()
	x.listen(nc, id, rand.Uint64N(records+1), rand.IntN(4) == 0)
}

// listen reads until enough of its own records have come.
func (x *exchange) listen(nc net.Conn, id, enough uint64, stall bool) {
	_ = nc.SetReadDeadline(time.Now().Add(time.Second))
	var next uint64
	lastHeard := int64(-1)
	var record [recordSize]byte
	for next < enough {
		if _, err := io.ReadFull(nc, record[:]); err != nil {
			return
		}
		whose, n := binary.BigEndian.Uint64(record[:]), binary.BigEndian.Uint64(record[8:])
		switch {
		case whose == broadcaster && int64(n) > lastHeard:
			lastHeard = int64(n)
			x.heard.Add(1)
		case whose == id && n == next:
			next++
			x.echoed.Add(1)
		default:
			x.fail("the client %d, waiting for its record %d, got record %d of %s", id, next, n, name(whose))
			return
		}
		if stall && rand.IntN(200) == 0 {
			time.Sleep(20 * time.Millisecond) // a client that reads slowly
		}
	}
}

func name(id uint64) string {
	if id == broadcaster {
		return "the broadcast"
	}
	return fmt.Sprint(id)
}
