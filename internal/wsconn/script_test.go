package wsconn

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/switchboard-rt/switchboard/internal/wsframe"
)

// frame is one frame as a test writes it; wrong ones can be said as well.
type frame struct {
	op      wsframe.Op
	payload string
	more    bool   // not the last of its message
	rsv     int    // 4, 2, 1 for RSV1, 2, 3
	role    int    // flip: masked when it must not be, and the reverse
	claim   uint64 // a length that is not the payload's
}

const flip = 1

// bytes is the frame as the peer of a machine in the given role sends it.
func (f frame) bytes(client bool) []byte {
	h := wsframe.Header{Fin: !f.more, Op: f.op, Rsv1: f.rsv&4 != 0, Rsv2: f.rsv&2 != 0, Rsv3: f.rsv&1 != 0, Length: uint64(len(f.payload))}
	if f.claim > 0 {
		h.Length = f.claim
	}
	payload := []byte(f.payload)
	if h.Masked = !client != (f.role == flip); h.Masked {
		h.Mask = [4]byte{0xA1, 0x5C, 0x00, 0x7E}
		wsframe.Mask(payload, h.Mask, 0)
	}
	return append(wsframe.AppendHeader(nil, h), payload...)
}

func script(client bool, frames ...frame) []byte {
	var p []byte
	for _, f := range frames {
		p = append(p, f.bytes(client)...)
	}
	return p
}

func text(s string) frame   { return frame{op: wsframe.Text, payload: s} }
func binary(s string) frame { return frame{op: wsframe.Binary, payload: s} }
func cont(s string) frame   { return frame{op: wsframe.Continuation, payload: s} }
func ping(s string) frame   { return frame{op: wsframe.Ping, payload: s} }
func pong(s string) frame   { return frame{op: wsframe.Pong, payload: s} }
func begin(f frame) frame   { f.more = true; return f }
func closing(code int, reason string) frame {
	return frame{op: wsframe.Close, payload: string(wsframe.AppendClose(nil, code, reason))}
}

// transcript writes down what a machine says, messages as a whole, so that
// the same bytes must give the same transcript however they are cut.
type transcript struct {
	lines  []string
	op     wsframe.Op
	body   bytes.Buffer
	inside bool
	fault  string // the handler was called against its contract
}

func (r *transcript) Data(op wsframe.Op, piece []byte, first, last bool) error {
	if first == r.inside {
		r.fault = "first is wrong"
	}
	if first {
		r.op = op
	}
	if op != r.op {
		r.fault = "the opcode changed within a message"
	}
	r.inside = !last
	r.body.Write(piece)
	if last {
		r.say("%s %s", name(op), short(r.body.String()))
		r.body.Reset()
	}
	return nil
}

func (r *transcript) Ping(p []byte) error { r.say("ping %s", short(string(p))); return nil }
func (r *transcript) Pong(p []byte) error { r.say("pong %s", short(string(p))); return nil }
func (r *transcript) Close(code int, reason string) error {
	r.say("close %d %q", code, reason)
	return nil
}

func (r *transcript) say(format string, args ...any) {
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

func (r *transcript) String() string { return strings.Join(r.lines, "; ") }

func name(op wsframe.Op) string {
	if op == wsframe.Text {
		return "text"
	}
	return "binary"
}

func short(s string) string {
	if len(s) > 40 {
		return fmt.Sprintf("%d bytes, %08x", len(s), hash(s))
	}
	return fmt.Sprintf("%q", s)
}

func hash(s string) (sum uint32) {
	for i := range len(s) {
		sum = sum*31 + uint32(s[i])
	}
	return sum
}

// cutter says how long the next piece of a script is.
type cutter func(left int) int

var cuttings = map[string]cutter{
	"in bulk":      func(left int) int { return left },
	"byte by byte": func(int) int { return 1 },
	"in twos":      func(int) int { return 2 },
	"in sevens":    func(int) int { return 7 },
	"in chops": func() cutter {
		rnd := rand.New(rand.NewPCG(3, 4))
		return func(int) int { return 1 + rnd.IntN(40) }
	}(),
}

// play feeds a copy of p and returns the transcript, with the violation at its end.
func play(t testing.TB, cfg Config, p []byte, cut cutter) string {
	t.Helper()
	r := &transcript{}
	m := New(cfg)
	for rest := bytes.Clone(p); len(rest) > 0; {
		n := min(cut(len(rest)), len(rest))
		err := m.Feed(rest[:n:n], r)
		rest = rest[n:]
		if err == nil {
			continue
		}
		violation, ok := errors.AsType[*Error](err)
		if !ok {
			t.Fatalf("Feed returned %v, want an *Error", err)
		}
		r.say("! %d", violation.Code)
		before := r.String()
		if err := m.Feed(bytes.Clone(p), r); err != nil || r.String() != before {
			t.Fatalf("after its end the machine goes on: %v %s", err, r)
		}
		break
	}
	if r.fault != "" {
		t.Fatal(r.fault)
	}
	return r.String()
}
