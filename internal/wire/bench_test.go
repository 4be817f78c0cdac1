package wire

import (
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/switchboard-rt/switchboard/transport"
)

// mirror is an Input that sends back what comes, as it comes.
type mirror struct {
	out *Outbox

	mu     sync.Mutex // Feed and Run may be called at the same time
	frames []*transport.Frame
}

// constant is an Input that answers whatever comes with the same frame: what
// is allocated then is the driver's.
type constant struct {
	out *Outbox
	f   *transport.Frame
}

func (c *constant) Feed([]byte) (bool, error) { return true, nil }
func (c *constant) Run()                      { _ = c.out.Send(c.f) }
func (c *constant) End(error) bool            { return false }

func (m *mirror) Feed(p []byte) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.frames = append(m.frames, &transport.Frame{Op: transport.OpText, Payload: append([]byte(nil), p...)})
	return true, nil
}

func (m *mirror) Run() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, f := range m.frames {
		_ = m.out.Send(f)
		m.frames[i] = nil
	}
	m.frames = m.frames[:0]
}

func (m *mirror) End(error) bool { return false }

// benchEngine is an engine whose end the benchmark waits for.
func benchEngine(b *testing.B, d Driver) *Engine {
	e := quietEngine()
	e.SetDriver(d)
	b.Cleanup(func() { _ = e.Wait(b.Context()) })
	return e
}

// dialed attaches n sockets and returns their other ends.
func dialed(b *testing.B, e *Engine, n int) (outs []*Outbox, peers []net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	o := (&OutboxOptions{MaxPending: 1 << 30}).WithDefaults()
	for range n {
		peer, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		nc, err := l.Accept()
		if err != nil {
			b.Fatal(err)
		}
		in := &mirror{out: e.NewOutbox(o, nil)}
		e.Attach(nc, nil, in.out, bare{}, in)
		b.Cleanup(func() { _ = peer.Close(); in.out.Kill(nil) })
		outs, peers = append(outs, in.out), append(peers, peer)
	}
	return outs, peers
}

func eachDriver(b *testing.B, f func(b *testing.B, d Driver)) {
	for _, d := range []Driver{Event, Goroutine, Stream} {
		if d != Event || hasEvents {
			b.Run(d.String(), func(b *testing.B) { f(b, d) })
		}
	}
}

// BenchmarkEcho is 64 bytes there and back over a loopback socket. Time and
// allocations are of both sides; the client's side allocates nothing.
func BenchmarkEcho(b *testing.B) {
	for outstanding, name := range map[int]string{1: "one outstanding", 8: "eight outstanding"} {
		b.Run(name, func(b *testing.B) {
			eachDriver(b, func(b *testing.B, d Driver) {
				_, peers := dialed(b, benchEngine(b, d), 1)
				peer, p, buf := peers[0], make([]byte, 64), make([]byte, 64*outstanding)
				b.ReportAllocs()
				for b.Loop() {
					for range outstanding {
						if _, err := peer.Write(p); err != nil {
							b.Fatal(err)
						}
					}
					if _, err := io.ReadFull(peer, buf); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*outstanding), "ns/echo")
			})
		})
	}
}

// BenchmarkBroadcast is one message of 64 bytes to 100 sockets, until all of
// them have it.
func BenchmarkBroadcast(b *testing.B) {
	eachDriver(b, func(b *testing.B, d Driver) {
		const n = 100
		outs, peers := dialed(b, benchEngine(b, d), n)
		heard := make(chan struct{}, n)
		for _, peer := range peers {
			go func() {
				buf := make([]byte, 64)
				for {
					if _, err := io.ReadFull(peer, buf); err != nil {
						return
					}
					heard <- struct{}{}
				}
			}()
		}
		f := data(strings.Repeat("x", 64))
		b.ReportAllocs()
		for b.Loop() {
			for _, o := range outs {
				_ = o.Queue(f)
			}
			for range outs {
				<-heard
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/delivery")
	})
}

// BenchmarkOutbox is what the engine itself costs on the way out, without a socket.
func BenchmarkOutbox(b *testing.B) {
	e := benchEngine(b, Auto)
	var sink Sink
	outs := make([]*Outbox, 1000)
	for i := range outs {
		outs[i] = e.NewOutbox(nil, nil)
		e.AttachMemory(outs[i], bare{}, &sink)
	}
	f := data(strings.Repeat("x", 64))
	b.Run("Send", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = outs[0].Send(f)
		}
	})
	b.Run("Queue to 1000", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sink.broadcast(outs, f)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(outs)), "ns/delivery")
	})
	b.Run("eight in a cork", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			outs[0].cork()
			for range 8 {
				_ = outs[0].Send(f)
			}
			outs[0].uncork()
		}
	})
	for _, o := range outs {
		o.Kill(nil)
	}
}

// broadcast queues f for all and waits until it is written.
func (s *Sink) broadcast(outs []*Outbox, f *transport.Frame) {
	before, _, _ := s.Totals()
	for _, o := range outs {
		_ = o.Queue(f)
	}
	for {
		if now, _, _ := s.Totals(); now-before >= int64(len(outs)) {
			return
		}
		runtime.Gosched()
	}
}
