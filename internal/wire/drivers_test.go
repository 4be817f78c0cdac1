package wire

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

// The drivers must behave the same over real sockets. Each test here runs on
// all of them, plain and under TLS.

type variant struct {
	name   string
	driver Driver
	tls    bool
}

var variants = []variant{
	{"event", Event, false}, {"goroutine", Goroutine, false}, {"stream", Stream, false},
	{"goroutine over TLS", Goroutine, true}, {"stream over TLS", Stream, true},
}

func onEachDriver(t *testing.T, f func(t *testing.T, v variant)) {
	for _, v := range variants {
		if v.driver == Event && !hasEvents {
			continue
		}
		t.Run(v.name, func(t *testing.T) { f(t, v) })
	}
}

// line is a socket between a test and an engine.
type line struct {
	t      *testing.T
	engine *Engine
	out    *Outbox
	in     *recorder
	peer   net.Conn
	lost   chan error
}

// recorder is an Input that keeps what it was fed.
type recorder struct {
	mu     sync.Mutex
	fed    []byte
	ends   int
	cause  error
	change chan struct{} // closed at the next change
	run    func()
	end    func() // in End
	judge  func(all []byte) error
}

func (r *recorder) changed() {
	close(r.change)
	r.change = make(chan struct{})
}

func (r *recorder) Feed(p []byte) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fed = append(r.fed, p...)
	r.changed()
	if r.judge != nil {
		if err := r.judge(r.fed); err != nil {
			return true, err
		}
	}
	return true, nil
}

func (r *recorder) Run() {
	r.mu.Lock()
	run := r.run
	r.mu.Unlock()
	if run != nil {
		run()
	}
}

func (r *recorder) onRun(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.run = f
}

func (r *recorder) End(cause error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ends++
	r.cause = cause
	if r.end != nil {
		r.end()
	}
	r.changed()
	return true
}

// await waits until ok is true of what was fed and how often End came.
func (r *recorder) await(ok func(fed []byte, ends int) bool) {
	for {
		r.mu.Lock()
		done, change := ok(r.fed, r.ends), r.change
		r.mu.Unlock()
		if done {
			return
		}
		<-change
	}
}

func newLine(t *testing.T, v variant, o OutboxOptions, buffered string, in *recorder) *line {
	t.Helper()
	l := &line{t: t, engine: quietEngine(), in: in, lost: make(chan error, 1)}
	l.engine.SetDriver(v.driver)
	in.change = make(chan struct{})
	ours, peer := sockets(t, v.tls)
	l.peer = peer
	l.out = l.engine.NewOutbox(o.WithDefaults(), l)
	l.engine.Attach(ours, []byte(buffered), l.out, plain{}, in)
	t.Cleanup(func() {
		_ = peer.Close()
		l.out.Kill(nil)
		<-l.out.Done()
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Second)
		defer cancel()
		if err := l.engine.Wait(ctx); err != nil {
			t.Fatal(err)
		}
		if in.ends != 1 {
			t.Errorf("End was called %d times", in.ends)
		}
	})
	return l
}

// sockets makes a connected pair.
func sockets(t *testing.T, secure bool) (ours, peer net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if peer, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if ours, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	if !secure {
		return ours, peer
	}
	shaken := make(chan error, 1)
	go func() {
		peer, err = securedClient(peer)
		shaken <- err
	}()
	server := secured(t, ours)
	if err := errors.Join(server.Handshake(), <-shaken); err != nil {
		t.Fatal(err)
	}
	return server, peer
}

func secured(t *testing.T, nc net.Conn) *tls.Conn {
	return tls.Server(nc, &tls.Config{Certificates: []tls.Certificate{certificate(t)}})
}

func securedClient(nc net.Conn) (net.Conn, error) {
	c := tls.Client(nc, &tls.Config{InsecureSkipVerify: true}) // the test's own certificate
	return c, c.Handshake()
}

var certificate = func() func(t *testing.T) tls.Certificate {
	var once sync.Once
	var c tls.Certificate
	return func(t *testing.T) tls.Certificate {
		once.Do(func() {
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
			der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
			if err != nil {
				t.Fatal(err)
			}
			c = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
		})
		return c
	}
}()

func (l *line) Retired()       {}
func (l *line) Lost(err error) { l.lost <- err }

func (l *line) say(s string) {
	l.t.Helper()
	if _, err := io.WriteString(l.peer, s); err != nil {
		l.t.Fatalf("the peer wrote: %v", err)
	}
}

func (l *line) hear(want string) {
	l.t.Helper()
	buf := make([]byte, len(want))
	if n, err := io.ReadFull(l.peer, buf); err != nil || string(buf) != want {
		l.t.Fatalf("the peer got %.100q (%v), want %.100q", buf[:n], err, want)
	}
}

// hearEnd expects the end of the stream, and no reset.
func (l *line) hearEnd() {
	l.t.Helper()
	if rest, err := io.ReadAll(l.peer); err != nil || len(rest) > 0 {
		l.t.Fatalf("behind the goodbye came %.100q, %v", rest, err)
	}
}

func TestDriversCarryBothWays(t *testing.T) {
	onEachDriver(t, func(t *testing.T, v variant) {
		in := &recorder{}
		l := newLine(t, v, OutboxOptions{MaxPending: 64 << 20}, "early ", in)
		big := strings.Repeat("0123456789abcdef", 1<<16) // 1 MiB: many reads, direct writes
		want := "early hello " + big
		l.say("hello ")
		go func() { _, _ = io.WriteString(l.peer, big) }()
		in.await(func(fed []byte, _ int) bool { return len(fed) == len(want) })
		if string(in.fed) != want {
			t.Error("other bytes were fed than sent")
		}
		var sent bytes.Buffer
		for i := range 100 {
			s := strings.Repeat("x", i*i*10)
			if err := l.out.Send(data(s)); err != nil {
				t.Fatal(err)
			}
			sent.WriteString(s)
			if len(s) < directSize {
				sent.WriteString(".") // plain's stop, which direct writes go without
			}
		}
		l.hear(sent.String())
	})
}

func TestDriversRunBesideReading(t *testing.T) {
	onEachDriver(t, func(t *testing.T, v variant) {
		release, running := make(chan struct{}), make(chan struct{})
		var once sync.Once
		in := &recorder{}
		in.run = func() {
			once.Do(func() {
				close(running)
				<-release
			})
		}
		l := newLine(t, v, OutboxOptions{}, "", in)
		l.say("a")
		<-running
		l.say("b") // read although Run has not returned
		in.await(func(fed []byte, _ int) bool { return string(fed) == "ab" })
		close(release)
	})
}

func TestDriversCorkReplies(t *testing.T) {
	onEachDriver(t, func(t *testing.T, v variant) {
		in := &recorder{}
		l := newLine(t, v, OutboxOptions{}, "", in)
		release := make(chan struct{})
		in.onRun(func() {
			in.mu.Lock()
			told := in.ends > 0
			in.mu.Unlock()
			if told {
				return
			}
			_ = l.out.Send(data("quick"))
			<-release // a method that takes its time holds back nothing that was sent before
			_ = l.out.Send(data("slow"))
		})
		l.say("go")
		l.hear("quick.")
		close(release)
		l.hear("slow.")
	})
}

func TestDriversClose(t *testing.T) {
	onEachDriver(t, func(t *testing.T, v variant) {
		in := &recorder{}
		l := newLine(t, v, OutboxOptions{}, "", in)
		_ = l.out.Send(data("one"))
		l.out.Last(data("two"))
		if l.out.Send(data("late")) == nil {
			t.Error("something was taken behind the last word")
		}
		l.out.Close(transport.Normal)
		l.hear("one.two.END")
		l.hearEnd()
		_ = l.peer.Close()
		<-l.out.Done()
		in.await(func(_ []byte, ends int) bool { return ends == 1 })
		if in.cause != nil {
			t.Errorf("the input was told %v", in.cause)
		}
	})
}

func TestDriversPeerLeaves(t *testing.T) {
	onEachDriver(t, func(t *testing.T, v variant) {
		in := &recorder{}
		l := newLine(t, v, OutboxOptions{}, "", in)
		l.say("last words")
		_ = l.peer.Close()
		<-l.out.Done()
		in.await(func(fed []byte, ends int) bool { return ends == 1 && string(fed) == "last words" })
	})
}

// TestDriversPeerLeavesAtTheEnd: when the hub ends a connection at the moment
// its peer leaves, nobody waits for the clock of the ladder.
func TestDriversPeerLeavesAtTheEnd(t *testing.T) {
	onEachDriver(t, func(t *testing.T, v variant) {
		in := &recorder{}
		l := newLine(t, v, OutboxOptions{CloseTimeout: time.Hour}, "", in)
		in.mu.Lock()
		in.end = func() { l.out.Close(transport.Normal) }
		in.mu.Unlock()
		_ = l.peer.Close()
		select {
		case <-l.out.Done():
		case <-time.After(time.Minute):
			t.Error("the outbox outlives its socket")
			l.out.Kill(nil)
		}
	})
}

// TestDriversViolation: what was sent before, and the goodbye, arrive although
// the peer goes on sending; nothing of that is fed.
func TestDriversViolation(t *testing.T) {
	onEachDriver(t, func(t *testing.T, v variant) {
		in := &recorder{judge: func(all []byte) error {
			if bytes.Contains(all, []byte("x")) {
				return errViolation
			}
			return nil
		}}
		l := newLine(t, v, OutboxOptions{}, "", in)
		_ = l.out.Send(data("before"))
		l.say("x")
		in.await(func(_ []byte, ends int) bool { return ends == 1 })
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			for range 100 {
				if _, err := l.peer.Write(make([]byte, 1<<14)); err != nil {
					return // under TLS the end comes both ways at once
				}
			}
		}()
		l.hear("before.END")
		if !v.tls {
			l.hearEnd()
		}
		<-sent
		if len(in.fed) != 1 || !errors.Is(in.cause, errViolation) {
			t.Errorf("fed %q, cause %v", in.fed, in.cause)
		}
	})
}

func TestDriversPause(t *testing.T) {
	onEachDriver(t, func(t *testing.T, v variant) {
		in := &recorder{}
		l := newLine(t, v, OutboxOptions{}, "", in)
		in.mu.Lock()
		in.judge = func(all []byte) error {
			l.out.Pause()
			return nil
		}
		in.mu.Unlock()
		l.say("1")
		for i := range 20 {
			in.await(func(fed []byte, _ int) bool { return len(fed) == i+1 })
			l.say("2")
			if !l.out.Paused() {
				t.Fatal("not paused")
			}
			l.out.Resume()
		}
		in.await(func(fed []byte, _ int) bool { return len(fed) == 21 })
		_ = l.peer.Close()
		l.out.Resume()
		<-l.out.Done()
	})
}

func TestDriversOverflow(t *testing.T) {
	onEachDriver(t, func(t *testing.T, v variant) {
		in := &recorder{}
		l := newLine(t, v, OutboxOptions{MaxPending: 1 << 20}, "", in)
		f := data(strings.Repeat("z", 100<<10))
		for l.out.Send(f) == nil {
		}
		if err := <-l.lost; !errors.Is(err, transport.ErrSlow) {
			t.Errorf("lost for %v", err)
		}
		<-l.out.Done()
		in.await(func(_ []byte, ends int) bool { return ends == 1 })
	})
}

// TestDriversStuckWrite: a peer that takes nothing for the write time-out is given up.
func TestDriversStuckWrite(t *testing.T) {
	onEachDriver(t, func(t *testing.T, v variant) {
		t.Parallel()
		in := &recorder{}
		l := newLine(t, v, OutboxOptions{MaxPending: 64 << 20, WriteTimeout: 200 * time.Millisecond}, "", in)
		for range 16 {
			_ = l.out.Send(data(strings.Repeat("z", 1<<20)))
		}
		<-l.out.Done()
		in.await(func(_ []byte, ends int) bool { return ends == 1 })
	})
}

// TestDriversWaitForNoDeadWrite: when a connection that was blocked has ended,
// whoever waits for the engine does not wait for the write time-out.
func TestDriversWaitForNoDeadWrite(t *testing.T) {
	onEachDriver(t, func(t *testing.T, v variant) {
		t.Parallel()
		in := &recorder{}
		l := newLine(t, v, OutboxOptions{MaxPending: 64 << 20, WriteTimeout: time.Hour}, "", in)
		for range 16 {
			_ = l.out.Send(data(strings.Repeat("z", 1<<20)))
		}
		seen := make(chan struct{})
		l.engine.Watch(tickFunc(func(time.Time) time.Time { close(seen); return time.Time{} }))
		<-seen          // the sweeper has looked at the write, too, and will again in an hour
		l.out.Kill(nil) // newLine's end waits for the engine
	})
}

func TestDriversSlowReaderGetsAll(t *testing.T) {
	onEachDriver(t, func(t *testing.T, v variant) {
		in := &recorder{}
		l := newLine(t, v, OutboxOptions{MaxPending: 64 << 20}, "", in)
		var want bytes.Buffer
		for i := range 200 {
			s := strings.Repeat(string(rune('a'+i%26)), 1+i*i%30000)
			f := data(s)
			var err error
			if i%2 == 0 {
				err = l.out.Send(f)
			} else {
				err = l.out.Queue(f)
			}
			if err != nil {
				t.Fatal(err)
			}
			want.WriteString(s)
			if len(s) < directSize {
				want.WriteByte('.')
			}
		}
		l.out.Close(transport.Normal)
		want.WriteString("END")
		buf, got := make([]byte, 777), []byte(nil)
		for len(got) < want.Len() {
			n, err := l.peer.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, buf[:n]...)
		}
		if !bytes.Equal(got, want.Bytes()) {
			t.Error("other bytes came than were sent")
		}
	})
}

// masking is a framing whose bytes are never the same: each frame has a mask
// in front, which all that follows is changed by.
type masking struct{ bare }

func (masking) Unrepeatable() bool { return true }

func (masking) Append(dst []byte, f *transport.Frame) []byte {
	mask := byte(mathrand.IntN(256))
	dst = binary.BigEndian.AppendUint32(append(dst, mask), uint32(len(f.Payload)))
	for _, b := range f.Payload {
		dst = append(dst, b^mask)
	}
	return dst
}

func (masking) Head(dst []byte, _ *transport.Frame) ([]byte, bool) { return dst, false }

// TestDriversMaskOnce: a frame that is written in several steps stays masked as
// it began, with a reader so slow that the kernel takes a part at a time.
func TestDriversMaskOnce(t *testing.T) {
	onEachDriver(t, func(t *testing.T, v variant) {
		e := quietEngine()
		e.SetDriver(v.driver)
		ours, peer := sockets(t, v.tls)
		in := &constant{out: e.NewOutbox((&OutboxOptions{MaxPending: 64 << 20}).WithDefaults(), nil)}
		e.Attach(ours, nil, in.out, masking{}, in)
		const frames, size = 40, 100_000
		for i := range frames {
			_ = in.out.Send(data(strings.Repeat(string(rune('a'+i%26)), size)))
		}
		br := bufio.NewReaderSize(peer, 4<<10)
		payload := make([]byte, size)
		for i := range frames {
			var head [5]byte
			if _, err := io.ReadFull(br, head[:]); err != nil || binary.BigEndian.Uint32(head[1:]) != size {
				t.Fatalf("frame %d begins with %x, %v", i, head, err)
			}
			if _, err := io.ReadFull(br, payload); err != nil {
				t.Fatal(err)
			}
			for at, b := range payload {
				if b^head[0] != byte('a'+i%26) {
					t.Fatalf("byte %d of frame %d is masked by another key", at, i)
				}
			}
		}
		_ = peer.Close()
		<-in.out.Done()
		if err := e.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestDriversPanic(t *testing.T) {
	onEachDriver(t, func(t *testing.T, v variant) {
		in := &recorder{}
		in.run = func() {
			in.mu.Lock()
			first := in.ends == 0
			in.mu.Unlock()
			if first {
				panic("user code")
			}
		}
		l := newLine(t, v, OutboxOptions{}, "", in)
		l.say("a")
		<-l.out.Done()
		in.await(func(_ []byte, ends int) bool { return ends == 1 })
	})
}

func TestParseDriver(t *testing.T) {
	for _, d := range []Driver{Auto, Event, Goroutine, Stream} {
		if got, err := ParseDriver(strings.ToUpper(d.String())); got != d || err != nil {
			t.Errorf("%v: %v, %v", d, got, err)
		}
	}
	if _, err := ParseDriver("magic"); err == nil {
		t.Error("there is a driver magic")
	}
}
