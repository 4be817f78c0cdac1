package wire

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
	"pgregory.net/rapid"
)

// far is a counting client (section i of the protocol page) with the habits of
// the official ones: it drops everything until a sequence has come, and
// breaks off if that is beyond what it counts.
type far struct {
	deaf   bool
	next   int64
	latest int64
	got    []int
	err    error
}

func (c *far) take(f *transport.Frame) {
	kind, n := f.Payload[0], int64(binary.BigEndian.Uint64(f.Payload[1:]))
	switch {
	case c.deaf && kind != 's':
	case kind == 's' && n > c.next:
		c.err = fmt.Errorf("sequence %d although the client counts from %d", n, c.next)
	case kind == 's':
		c.next, c.deaf = n, false
	case kind == 'b' && c.next > c.latest:
		c.err = fmt.Errorf("a blank in place of message %d, which the client has not", c.next)
	case kind == 'b':
		c.next++
	case kind == 'm':
		number := c.next
		c.next++
		if number > c.latest {
			c.latest = number
			c.got = append(c.got, int(n))
		}
	}
}

func numbered(kind byte, n int64, size int) *transport.Frame {
	p := append(binary.BigEndian.AppendUint64([]byte{kind}, uint64(n)), make([]byte, size)...)
	class := transport.Control
	if kind == 'm' || kind == 'b' {
		class = transport.Event
	}
	return &transport.Frame{Op: transport.OpBinary, Class: class, Payload: p}
}

// wireOf is a carrier whose far end a test holds in its hand.
type wireOf struct {
	batch   batch
	transit []*transport.Frame
	acks    []int64 // on their way from the client
	dead    bool
}

func (w *wireOf) flush()       {}
func (w *wireOf) direct() bool { return false }
func (w *wireOf) resumed()     {}
func (w *wireOf) hangUp()      { w.dead = true }

// model is an outbox, its client and what is between them.
type model struct {
	out     *Outbox
	carrier *wireOf
	client  far
	sent    int
	limit   int
}

func newModel(limit int) *model {
	m := &model{out: quietEngine().NewOutbox((&OutboxOptions{Resumable: true}).WithDefaults(), nil), client: far{next: 1}, limit: limit}
	m.attach()
	m.out.Number(limit, func(first int64) *transport.Frame { return numbered('s', first, 0) }, numbered('b', 0, 0))
	return m
}

func (m *model) attach() {
	m.carrier = &wireOf{}
	m.out.attach(m.carrier)
}

func (m *model) lose() {
	if m.carrier == nil {
		return
	}
	m.out.lose(m.carrier, false)
	m.out.giveBack(&m.carrier.batch)
	m.carrier = nil
	m.client.deaf = true
}

// move has the carrier take a batch, and up to n frames in transit arrive.
func (m *model) move(max, n int) {
	w := m.carrier
	if w == nil {
		return
	}
	m.out.mu.Lock()
	m.out.take(&w.batch, max)
	m.out.mu.Unlock()
	w.transit = append(w.transit, w.batch.frames...)
	m.out.giveBack(&w.batch)
	for ; n > 0 && len(w.transit) > 0; n-- {
		m.client.take(w.transit[0])
		w.transit = w.transit[1:]
	}
}

func (m *model) send(size int) {
	if m.out.Send(numbered('m', int64(m.sent), size)) == nil {
		m.sent++
	}
}

// check holds what is promised at any time.
func (m *model) check(t *rapid.T) {
	if m.client.err != nil {
		t.Fatal(m.client.err)
	}
	for i, n := range m.client.got {
		if n != i {
			t.Fatalf("the client got %v: lost, doubled or out of order", m.client.got)
		}
	}
	if r := m.out.resend; r.bytes > m.limit+1000 || r.floor > r.first {
		t.Fatalf("%d bytes are kept with a limit of %d; floor %d, first %d", r.bytes, m.limit, r.floor, r.first)
	}
}

// TestResendModel: whatever is lost, acknowledged late, never, or twice, and
// however often the client comes back: it gets every message once, in order.
func TestResendModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(rapid.IntRange(10, 3000).Draw(t, "limit"))
		m.out.Listening()
		t.Repeat(map[string]func(*rapid.T){
			"send":    func(t *rapid.T) { m.send(rapid.IntRange(0, 900).Draw(t, "size")) },
			"control": func(*rapid.T) { _ = m.out.Send(numbered('p', 0, 0)) },
			"move": func(t *rapid.T) {
				m.move(rapid.IntRange(1, 3000).Draw(t, "max"), rapid.IntRange(0, 20).Draw(t, "arrive"))
			},
			"ack": func(*rapid.T) {
				if m.carrier != nil {
					m.carrier.acks = append(m.carrier.acks, m.client.latest)
				}
			},
			"acked": func(*rapid.T) {
				if w := m.carrier; w != nil && len(w.acks) > 0 {
					m.out.Acked(w.acks[0])
					w.acks = w.acks[1:]
				}
			},
			"lose": func(*rapid.T) { m.lose() },
			"resume": func(*rapid.T) {
				m.client.deaf = true
				m.attach() // the old one, if any, has not been noticed dead
			},
			"": func(t *rapid.T) { m.check(t) },
		})
		m.client.deaf = true
		m.attach()
		t.Logf("at the end: floor %d, first %d, sent %d", m.out.resend.floor, m.out.resend.first, m.sent)
		for range 2*m.sent + 10 {
			m.move(5000, 1000)
			m.out.Acked(m.client.latest)
		}
		m.check(t)
		if len(m.client.got) != m.sent {
			t.Fatalf("%d of %d messages arrived", len(m.client.got), m.sent)
		}
		if n := m.out.Pending(); n != 0 {
			t.Fatalf("%d bytes are still counted as pending", n)
		}
	})
}

// TestTrap04CountedFramesWaitForTheClient: the handshake response goes alone.
func TestTrap04CountedFramesWaitForTheClient(t *testing.T) {
	m := newModel(1000)
	m.send(1)
	_ = m.out.Send(numbered('p', 0, 0))
	m.move(1000, 0)
	if got := m.carrier.transit; len(got) != 1 || got[0].Payload[0] != 'p' {
		t.Fatalf("%d frames went out, want the control frame alone", len(got))
	}
	m.out.Listening()
	m.move(1000, 10)
	if len(m.client.got) != 1 {
		t.Error("the message did not follow")
	}
}

// TestAckOfOlderMessagesMayBeStale: an acknowledgement that was under way when
// the line broke must not move the next sequence beyond what the client counts.
func TestAckOfOlderMessagesMayBeStale(t *testing.T) {
	m := newModel(100_000)
	m.out.Listening()
	for range 3 {
		m.send(1)
	}
	m.move(1000, 3)
	m.lose()
	m.attach()
	m.move(1000, 1) // the sequence alone: the client counts from 1 again
	m.out.Acked(3)  // sent by its timer
	m.lose()
	m.attach()
	m.move(1000, 10)
	if m.client.err != nil || len(m.client.got) != 3 {
		t.Error(m.client.err, m.client.got)
	}
}

func resumableRig(t *testing.T, o OutboxOptions) *rig {
	o.Resumable = true
	r := newRig(t, o)
	r.out.Number(100, func(first int64) *transport.Frame {
		return &transport.Frame{Class: transport.Control, Op: transport.OpText, Payload: fmt.Appendf(nil, "seq%d", first)}
	}, data("blank"))
	r.out.Listening()
	return r
}

// reattach gives the outbox another carrier and returns the input of that.
func (r *rig) reattach() *script {
	r.t.Helper()
	ours, peer := net.Pipe()
	in := &script{}
	r.peer = peer
	if !r.engine.Stream(ours, nil, r.out, plain{}, in) {
		r.t.Error("the outbox takes no carrier")
	}
	return in
}

func ping() *transport.Frame {
	return &transport.Frame{Op: transport.OpText, Class: transport.Control, Payload: []byte("ping")}
}

func TestResumeOverStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // lost, then another
		r := resumableRig(t, OutboxOptions{})
		_ = r.out.Send(data("a"))
		_ = r.out.Send(data("b"))
		r.read(4)
		r.out.Acked(1)
		_ = r.peer.Close()
		r.want("") // not told of an end
		_ = r.out.Send(data("c"))
		r.in = r.reattach()
		if got := r.read(len("seq2.b.c.")); got != "seq2.b.c." {
			t.Errorf("the new carrier began with %q", got)
		}
		r.say("x")
		r.read(3)
		r.want("feed:x end(a violation) run")
		r.end()
	})
	synctest.Test(t, func(t *testing.T) { // a half-open one is replaced at once
		r := resumableRig(t, OutboxOptions{})
		_ = r.out.Send(data("nobody reads this"))
		synctest.Wait()
		old, from := r.peer, time.Now()
		r.in = r.reattach()
		if got := r.read(len("seq1.nobody reads this.")); got != "seq1.nobody reads this." || time.Since(from) != 0 {
			t.Errorf("the new carrier began with %q after %v", got, time.Since(from))
		}
		synctest.Wait()
		if _, err := old.Read(make([]byte, 1)); err == nil {
			t.Error("the old carrier is still there")
		}
		_ = r.out.Send(data("on"))
		if got := r.read(3); got != "on." {
			t.Error(got)
		}
		r.out.Kill(nil)
		r.end()
	})
	synctest.Test(t, func(t *testing.T) { // a reader that is paused goes, too
		r := resumableRig(t, OutboxOptions{})
		synctest.Wait()
		r.out.Pause()
		r.say("a")
		r.out.Drop()
		r.in = r.reattach()
		r.out.Resume()
		r.say("b")
		r.want("feed:b")
		r.out.Kill(nil)
		r.end()
	})
}

func TestGracefulEndsWaitForNoCarrier(t *testing.T) {
	for name, end := range map[string]func(*rig){
		"close frame": func(r *rig) { r.say("q") },
		"violation":   func(r *rig) { r.say("x") },
		"hub":         func(r *rig) { r.out.Close(transport.Normal) },
	} {
		synctest.Test(t, func(t *testing.T) {
			r := resumableRig(t, OutboxOptions{})
			end(r)
			if got := r.read(3); got != "END" {
				t.Errorf("%s: the peer got %q", name, got)
			}
			if !r.retired {
				t.Errorf("%s: the token is not dead", name)
			}
			_ = r.peer.Close()
			r.closedAfter(0)
			r.end()
		})
	}
	synctest.Test(t, func(t *testing.T) { // also while there is no carrier
		r := resumableRig(t, OutboxOptions{})
		_ = r.peer.Close()
		synctest.Wait()
		_ = r.out.Send(data("a"))
		r.out.Last(data("bye"))
		r.out.Close(transport.Normal)
		r.closedAfter(0)
		r.end()
	})
	synctest.Test(t, func(t *testing.T) { // no carrier replaces one that is saying goodbye
		r := resumableRig(t, OutboxOptions{})
		r.out.Last(data("bye"))
		ours, _ := net.Pipe()
		if r.engine.Stream(ours, nil, r.out, plain{}, &script{}) {
			t.Error("a carrier was replaced after the farewell")
		}
		r.read(4)
		r.out.Kill(nil)
		r.end()
	})
}

func TestResendLimit(t *testing.T) {
	message := func(i int) *transport.Frame { return data(fmt.Sprintf("%039d", i)) } // 40 on the wire
	synctest.Test(t, func(t *testing.T) {                                            // control passes, counted frames wait
		r := resumableRig(t, OutboxOptions{})
		for i := range 4 {
			_ = r.out.Send(message(i))
		}
		r.read(3 * 40)
		_ = r.out.Send(ping())
		if got := r.read(5); got != "ping." {
			t.Errorf("behind a full window came %q", got)
		}
		r.out.Acked(1)
		if got := r.read(40); !strings.HasSuffix(got, "3.") {
			t.Errorf("after the acknowledgement came %q", got)
		}
		r.out.Kill(nil)
		r.end()
	})
	synctest.Test(t, func(t *testing.T) { // the farewell does not wait
		r := resumableRig(t, OutboxOptions{})
		for i := range 4 {
			_ = r.out.Send(message(i))
		}
		r.read(3 * 40)
		r.out.Last(data("bye"))
		if got := r.read(40 + 4); !strings.HasSuffix(got, "3.bye.") {
			t.Errorf("the end was %q", got)
		}
		r.out.Kill(nil)
		r.end()
	})
	synctest.Test(t, func(t *testing.T) { // nor does the memory grow
		r := resumableRig(t, OutboxOptions{MaxPending: 1000})
		_ = r.peer.Close()
		synctest.Wait()
		var err error
		for i := 0; err == nil && i < 1000; i++ {
			err = r.out.Send(message(i))
		}
		if !errors.Is(err, transport.ErrSlow) || !errors.Is(<-r.lost, transport.ErrSlow) {
			t.Errorf("sends to nobody end with %v", err)
		}
		r.end()
	})
	synctest.Test(t, func(t *testing.T) { // who never acknowledges is slow
		r := resumableRig(t, OutboxOptions{})
		for i := range 4 {
			_ = r.out.Send(message(i))
		}
		r.read(3 * 40)
		r.closedAfter(ackTimeout)
		if err := <-r.lost; !errors.Is(err, transport.ErrSlow) {
			t.Error(err)
		}
		r.end()
	})
}

// TestFarewellBeforeTheFirstCarrier: it waits for that one.
func TestFarewellBeforeTheFirstCarrier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, engine: quietEngine(), in: &script{}}
		r.out = r.engine.NewOutbox((&OutboxOptions{Resumable: true}).WithDefaults(), nil)
		r.out.Last(data("no"))
		r.out.Close(transport.Normal)
		r.reattach()
		if got := r.read(6); got != "no.END" {
			t.Error(got)
		}
		r.end()
	})
}

// counting reads up to n numbered frames of one socket.
func (c *far) counting(r *bufio.Reader, who, n, all int) error {
	for ; n > 0 && c.latest < int64(all); n-- {
		token, err := r.ReadString('.')
		if err != nil {
			return nil // cut, perhaps in the middle of a frame
		}
		var id, number int
		switch token = strings.TrimSuffix(token, "."); {
		case token == "blank":
			c.take(numbered('b', 0, 0))
		case strings.HasPrefix(token, "seq"):
			number, _ = strconv.Atoi(token[3:])
			c.take(numbered('s', int64(number), 0))
		default:
			if _, err := fmt.Sscanf(token, "%d:%d", &id, &number); err != nil || id != who {
				return fmt.Errorf("connection %d got %q", who, token)
			}
			c.take(numbered('m', int64(number), 0))
		}
		if c.err != nil {
			return c.err
		}
	}
	return nil
}

// TestResumeTorture: real sockets, cut at random places, half of them without
// the engine knowing when the next one comes.
func TestResumeTorture(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	e := quietEngine()
	var dialing sync.Mutex
	pair := func() (client, server net.Conn) {
		dialing.Lock()
		defer dialing.Unlock()
		client, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Error(err)
			return nil, nil
		}
		if server, err = l.Accept(); err != nil {
			t.Error(err)
		}
		return client, server
	}
	const all = 3000
	var wg sync.WaitGroup
	for who := range 20 {
		random := rand.New(rand.NewPCG(2, uint64(who)))
		out := e.NewOutbox((&OutboxOptions{Resumable: true}).WithDefaults(), nil)
		counted := make(chan struct{}) // what is sent before counting is switched on does not come again
		wg.Go(func() {
			<-counted
			for i := range all {
				if out.Writable(t.Context()) != nil || out.Send(data(fmt.Sprintf("%d:%d", who, i))) != nil {
					t.Errorf("connection %d has ended after %d", who, i)
					return
				}
			}
		})
		wg.Go(func() {
			client := far{next: 1}
			var old net.Conn
			for first := true; client.latest < all; first = false {
				nc, server := pair()
				if nc == nil || !e.Stream(server, nil, out, plain{}, &script{}) {
					t.Errorf("connection %d takes no socket", who)
					if first {
						close(counted)
					}
					break
				}
				if first {
					out.Number(4000, func(first int64) *transport.Frame {
						return &transport.Frame{Class: transport.Control, Payload: fmt.Appendf(nil, "seq%d", first)}
					}, data("blank"))
					out.Listening()
					close(counted)
				}
				if old != nil {
					_ = old.Close()
				}
				client.deaf = !first
				r := bufio.NewReader(nc)
				for range 1 + random.IntN(3) { // fewer frames than the limit lets through, or this waits for ever
					if err := client.counting(r, who, random.IntN(100), all); err != nil {
						t.Error(err)
						client.latest = all
					}
					out.Acked(client.latest)
				}
				if old = nc; random.IntN(2) == 0 {
					_ = nc.Close()
				}
			}
			for i, n := range client.got {
				if i != n {
					t.Errorf("connection %d: %d came in place of %d", who, n, i)
					break
				}
			}
			out.Kill(nil)
			if old != nil {
				_ = old.Close()
			}
		})
	}
	wg.Wait()
	if err := e.Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestResendOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, OutboxOptions{Resumable: true})
		_ = r.out.Send(ping())
		r.out.Forgo()
		if r.out.Resumable() || r.out.Number(1, nil, nil) {
			t.Error("still resumable")
		}
		ours, _ := net.Pipe()
		if r.engine.Stream(ours, nil, r.out, plain{}, &script{}) {
			t.Error("a carrier was replaced")
		}
		r.read(5)
		_ = r.peer.Close()
		r.closedAfter(0)
		r.want("end run")
		r.end()
	})
}
