package switchboard_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/hubproto"
	"github.com/switchboard-rt/switchboard/hubproto/jsonhub"
	"github.com/switchboard-rt/switchboard/hubproto/msgpackhub"
	"github.com/switchboard-rt/switchboard/transport"
	"github.com/tinylib/msgp/msgp"
)

var update = flag.Bool("update", false, "rewrite the transcripts with what the hub says now")

// A transcript is a text file of what a client says (->) and what the hub
// answers (<-), in parts that each have a line of their own:
//
//	== title [detailed] [messagepack] [sse] [refused] [refused by error] [unauthorized]
//	-> one message; what it causes follows
//	+> one more in the same bytes
//	~> bytes as they are, without an end
//	-- hang up, or a time to wait such as 16s
//	.. what the application noticed
//	<| the hub has closed the line
//
// With -update the hub's side is rewritten; read the difference before you
// commit it. MessagePack stands as hex with its meaning behind a #; a new
// message may be written as JSON, -update encodes it.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/transcripts/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no transcripts", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) { replay(t, name) })
	}
}

func replay(t *testing.T, name string) {
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut("\n"+string(text), "\n== ")
	got := strings.TrimPrefix(head, "\n") + "\n"
	for part := range strings.SplitSeq(rest, "\n== ") {
		title, lines, _ := strings.Cut(part, "\n")
		t.Run(title, func(t *testing.T) {
			now := title + "\n" + play(t, title, lines)
			if !*update && strings.TrimSpace(now) != strings.TrimSpace(part) {
				t.Errorf("the transcript is now\n%s\nand was\n%s\n(go test . -run TestTranscripts -update rewrites it)", now, part)
			}
			got += "== " + now + "\n"
		})
	}
	if *update && !t.Failed() {
		if err := os.WriteFile(name, []byte(strings.TrimRight(got, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// scene is one part while it is played.
type scene struct {
	*line
	t      *testing.T
	notes  *diary
	packed bool // after the handshake
	shaken bool
	shut   bool
	out    strings.Builder
}

// play says the client's lines and returns them with the hub's.
func play(t *testing.T, title, lines string) (now string) {
	has := func(word string) bool { return strings.Contains(title, "["+word+"]") }
	bubble(t, func(t *testing.T) {
		s := &scene{t: t, notes: newDiary(), packed: has("messagepack")}
		hub := transcriptHub(switchboard.Options{
			DetailedErrors: has("detailed"),
			Codecs:         []hubproto.Codec{jsonhub.New(nil), msgpackhub.New()},
		}, s.notes)
		switch {
		case has("refused"):
			hub.OnConnect(func(context.Context, *switchboard.Conn) error { return failure("hub") })
		case has("refused by error"):
			hub.OnConnect(func(context.Context, *switchboard.Conn) error { return failure("other") })
		case has("unauthorized"):
			hub.Authorize(func(context.Context, *switchboard.Conn) error { return failure("hub") })
		}
		peer := transport.Peer{ConnectionID: "a", Transport: transport.WebSockets}
		if has("sse") {
			peer.Transport = transport.ServerSentEvents
		}
		s.line = dial(t, hub, peer)
		s.script(strings.Split(strings.TrimSpace(lines), "\n"))
		s.hangUp(nil)
		synctest.Wait()
		now = s.out.String()
	})
	return now
}

func (s *scene) script(lines []string) {
	var glued []byte
	for i, text := range lines {
		kind, what, _ := strings.Cut(text, " ")
		switch kind {
		case "->", "+>", "~>":
			p := s.bytes(kind, what)
			glued = append(glued, p...)
			if i+1 < len(lines) && strings.HasPrefix(lines[i+1], "+> ") {
				continue
			}
			s.receive(string(glued))
			glued = nil
		case "--":
			fmt.Fprintln(&s.out, text)
			s.event(what)
		case "<-", "..", "<|":
			continue
		case "":
			continue
		default:
			s.t.Fatalf("the line %q of a transcript begins with none of its signs", text)
		}
		s.listen()
	}
}

func (s *scene) event(what string) {
	if what == "hang up" {
		s.hangUp(nil)
		return
	}
	d, err := time.ParseDuration(what)
	if err != nil {
		s.t.Fatal(err)
	}
	s.tick(d)
}

// bytes reads what the client says and writes it down again.
func (s *scene) bytes(kind, what string) []byte {
	if !s.packed || !s.shaken {
		fmt.Fprintln(&s.out, strings.TrimRight(kind+" "+what, " "))
		if kind == "~>" {
			return []byte(what)
		}
		return []byte(strings.NewReplacer("{32K}", strings.Repeat("x", 32<<10), "{BOM}", "\ufeff", "{FF}", "\xff").Replace(what) + rs)
	}
	p := unhex(s.t, what)
	fmt.Fprintln(&s.out, kind, readable(p))
	return p
}

// listen writes down what the hub has said since.
func (s *scene) listen() {
	for _, m := range s.take() {
		if s.packed && s.shaken {
			m = readable([]byte(m))
		}
		fmt.Fprintln(&s.out, "<-", m)
		s.shaken = true
	}
	for len(s.notes.lines) > 0 {
		fmt.Fprintln(&s.out, "..", <-s.notes.lines)
	}
	if s.isClosed() && !s.shut {
		s.shut = true
		fmt.Fprintln(&s.out, "<| closed")
	}
}

// unhex reads hex, or JSON for what is not encoded yet.
func unhex(t *testing.T, text string) []byte {
	if !strings.HasPrefix(text, "[") {
		text, _, _ = strings.Cut(text, "#")
		p, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return p
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	body, err := msgp.AppendIntf(nil, numbers(v))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if len(body) > 127 {
		t.Fatalf("%s: write hex, the length takes more than one byte", text)
	}
	return append([]byte{byte(len(body))}, body...)
}

// numbers turns JSON's numbers into whole ones where they are.
func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64() // it is one, the decoder says
		return f
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = numbers(v[k])
		}
	}
	return v
}

// readable is hex with its meaning, if it has one.
func readable(p []byte) string {
	text := fmt.Sprintf("% x", p)
	body, rest, ok, err := msgpackhub.New().Split(p, 0)
	if err != nil || !ok || len(rest) > 0 || len(body) == 0 {
		return text
	}
	var b bytes.Buffer
	if rest, err = msgp.UnmarshalAsJSON(&b, body); err != nil || len(rest) > 0 {
		return text
	}
	return text + " # " + b.String()
}
