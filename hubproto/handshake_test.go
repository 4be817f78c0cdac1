package hubproto

import (
	"errors"
	"strings"
	"testing"
)

func TestParseHandshake(t *testing.T) {
	for _, c := range []struct {
		in       string
		protocol string
		version  int
		err      string
	}{
		{`{"protocol":"json","version":1}`, "json", 1, ""},
		{` { "version" : 2 , "protocol" : "MessagePack" } `, "MessagePack", 2, ""},
		{`{"protocol":"json","version":-1}`, "json", -1, ""},
		{`{"protocol":"xml","protocol":"json","version":0}`, "json", 0, ""},
		{`{"prot\u006fcol":"json","version":1,"x":{"y":[1]},"type":1}`, "json", 1, ""},
		{`{"protocol":"json","version":1}garbage`, "json", 1, ""},
		{`{"version":1}`, "", 0, `Missing required property 'protocol'. Message content: {"version":1}`},
		{`{}`, "", 0, `Missing required property 'protocol'. Message content: {}`},
		{`{"Protocol":"json","Version":1}`, "", 0, `Missing required property 'protocol'. Message content: {"Protocol":"json","Version":1}`},
		{`{"protocol":"json"}`, "", 0, `Missing required property 'version'. Message content: {"protocol":"json"}`},
		{`{"protocol":null,"version":1}`, "", 0, "Expected 'protocol' to be of type String."},
		{`{"protocol":1,"version":1}`, "", 0, "Expected 'protocol' to be of type String."},
		{`{"protocol":"json","version":"1"}`, "", 0, "Expected 'version' to be of type Number."},
		{`{"protocol":"json","version":1.5}`, "", 0, "Expected 'version' to be of type Number."},
		{`[]`, "", 0, "Unexpected JSON Token Type 'Array'. Expected a JSON Object."},
		{`hello`, "", 0, "Error reading JSON."},
		{``, "", 0, "Error reading JSON."},
		{"\xef\xbb\xbf{\"protocol\":\"json\",\"version\":1}", "", 0, "Error reading JSON."},
		{`{"protocol":"json","version":1,}`, "", 0, "Error reading JSON."},
	} {
		req, rest, ok, err := ParseHandshake([]byte(c.in+"\x1erest"), 0)
		switch violation, bad := errors.AsType[*ProtocolError](err); {
		case c.err == "" && (!ok || err != nil || req.Protocol != c.protocol || req.Version != c.version || string(rest) != "rest"):
			t.Errorf("%s: %+v, rest %q, %t, %v", c.in, req, rest, ok, err)
		case c.err != "" && (ok || !bad || violation.Text != c.err):
			t.Errorf("%s: %v, want %s", c.in, err, c.err)
		}
	}
}

func TestParseHandshakeInPieces(t *testing.T) {
	whole := string(AppendHandshakeRequest(nil, "json", 1))
	for i := range len(whole) {
		if _, rest, ok, err := ParseHandshake([]byte(whole[:i]), 100); ok || err != nil || string(rest) != whole[:i] {
			t.Errorf("%d bytes: %t, %v", i, ok, err)
		}
	}
	if req, _, ok, err := ParseHandshake([]byte(whole), 100); !ok || err != nil || req.Version != 1 {
		t.Errorf("%+v, %t, %v", req, ok, err)
	}
}

func TestHandshakeLimit(t *testing.T) {
	pad := func(n int) []byte { return []byte(`{"protocol":"json","version":1,"x":"` + strings.Repeat("x", n)) }
	whole := append(pad(100), "\"}\x1e"...)
	if _, _, ok, err := ParseHandshake(whole, len(whole)); !ok || err != nil {
		t.Errorf("a handshake of the limit: %v", err)
	}
	for _, in := range [][]byte{whole, pad(100)} {
		if _, _, _, err := ParseHandshake(in, 100); !errors.Is(err, ErrTooLarge) {
			t.Errorf("beyond the limit: %v", err)
		}
	}
}

func TestHandshakeResponse(t *testing.T) {
	if got := string(AppendHandshakeResponse(nil, "")); got != "{}\x1e" {
		t.Error(got)
	}
	if got := string(AppendHandshakeResponse(nil, "a \"b\"")); got != `{"error":"a \"b\""}`+"\x1e" {
		t.Error(got)
	}
}

func FuzzParseHandshake(f *testing.F) {
	f.Add([]byte("{\"protocol\":\"json\",\"version\":1}\x1e{\"type\":6}\x1e"))
	f.Add([]byte("[]\x1e"))
	f.Fuzz(func(t *testing.T, in []byte) {
		_, rest, ok, err := ParseHandshake(in, 1000)
		if ok && (err != nil || len(rest) >= len(in)) || !ok && err == nil && len(rest) != len(in) {
			t.Fatalf("%q: rest %q, %t, %v", in, rest, ok, err)
		}
	})
}

func TestUsualHandshakesAreNoSpecialCase(t *testing.T) {
	for text, want := range usual {
		if got, err := parseHandshake([]byte(text)); got != want || err != nil {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}
