package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/switchboard-rt/switchboard/examples/demo"
	"github.com/switchboard-rt/switchboard/websocket"
)

// caller is a client of a demo's hub that keeps all it has heard.
type caller struct {
	t     *testing.T
	line  *websocket.Conn
	heard strings.Builder
}

// caller opens a WebSocket with a hub; query may be the one of a negotiation.
func (g *target) caller(path, query string) *caller {
	g.t.Helper()
	line, _, err := websocket.Dial(g.t.Context(), "ws://"+g.addr+path+query, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	c := &caller{t: g.t, line: line}
	c.write(greeting)
	c.hears("{}")
	return c
}

func (c *caller) write(text string) {
	c.t.Helper()
	if err := c.line.Write(c.t.Context(), websocket.Text, []byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

// hears waits until all it has heard holds text.
func (c *caller) hears(text string) {
	c.t.Helper()
	for !strings.Contains(c.heard.String(), text) {
		_, p, err := c.line.Read(c.t.Context())
		if err != nil {
			c.t.Fatalf("waiting for %s: %v; heard %s", text, err, c.heard.String())
		}
		c.heard.Write(p)
	}
}

// calls calls and waits for the answer. Each id is used once.
func (c *caller) calls(id, method, args string) {
	c.t.Helper()
	c.write(fmt.Sprintf(`{"type":1,"invocationId":%q,"target":%q,"arguments":[%s]}`+"\x1e", id, method, args))
	c.hears(fmt.Sprintf(`{"type":3,"invocationId":%q`, id))
	if strings.Contains(c.heard.String(), `"error":`) {
		c.t.Fatalf("%s: %s", method, c.heard.String())
	}
}

// TestAttackSecretID: the id of a client that negotiated version 0 is all that
// it takes to speak in its name. No demo tells it to others.
func TestAttackSecretID(t *testing.T) {
	g := newTarget(t)
	for path, demos := range map[string]struct {
		enter string
		acts  [][2]string
		hears []string // words of the messages that tell of somebody
	}{
		"/chatHub": {`%q,"Lobby"`, [][2]string{{"Typing", ""}, {"Say", `"hello"`}, {"Enter", `"Other name","Lobby"`}},
			[]string{"joined", "typing", "said", "renamed", "left"}},
		"/documentHub": {`%q,"",0`, [][2]string{{"At", `"AAAA"`}}, []string{"here", `"at"`, "left"}},
	} {
		t.Run(path, func(t *testing.T) {
			status, _, body := g.do("POST", path+"/negotiate", "")
			var v struct{ ConnectionID string }
			if err := json.Unmarshal([]byte(body), &v); err != nil || status != 200 {
				t.Fatalf("negotiation: %d %s", status, body)
			}
			before, victim := g.caller(path, ""), g.caller(path, "?id="+v.ConnectionID)
			before.calls("b", "Enter", fmt.Sprintf(demos.enter, "Before"))
			victim.calls("v", "Enter", fmt.Sprintf(demos.enter, "Victim"))
			for i, act := range demos.acts {
				victim.calls(fmt.Sprint("v", i), act[0], act[1])
			}
			after := g.caller(path, "")
			after.calls("a", "Enter", fmt.Sprintf(demos.enter, "After"))
			public := demo.PublicID(v.ConnectionID)
			if path == "/chatHub" { // what is told is good for what it is told for
				after.calls("w", "Whisper", fmt.Sprintf(`%q,"psst"`, public))
				victim.hears(`"text":"psst"`)
				victim.calls("back", "Whisper", fmt.Sprintf(`%q,"yes"`, between(after.heard.String(), `"you":{"id":"`, `"`)))
				after.hears(`"text":"yes"`)
			}
			_ = victim.line.Close(websocket.StatusNormalClosure, "")
			for _, word := range demos.hears {
				before.hears(word)
			}
			after.hears("left")
			for name, heard := range map[string]string{"who was there before": before.heard.String(), "who came after": after.heard.String()} {
				if strings.Contains(heard, v.ConnectionID) || !strings.Contains(heard, public) {
					t.Errorf("%s knows the secret %s, or not the public id %s: %s", name, v.ConnectionID, public, heard)
				}
			}
			for _, c := range []*caller{before, after} {
				_ = c.line.Close(websocket.StatusNormalClosure, "")
			}
		})
	}
}

// between is the text between two others.
func between(text, from, to string) string {
	_, rest, _ := strings.Cut(text, from)
	found, _, _ := strings.Cut(rest, to)
	return found
}
