package wsconn

import (
	"net/http"
	"strings"
	"testing"
)

// FuzzExtensions: whatever a client offers, the answer is one that we take
// ourselves, and a window that was not asked for is never promised; whatever a
// server answers, only what runs without context takeover is agreed to.
func FuzzExtensions(f *testing.F) {
	for _, s := range []string{
		"permessage-deflate", "permessage-deflate; client_max_window_bits", "x, permessage-deflate; server_max_window_bits=\"10\"",
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover", "permessage-deflate;=;,;", "PERMESSAGE-DEFLATE;SERVER_MAX_WINDOW_BITS=9",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		h := http.Header{"Sec-Websocket-Extensions": {text}}
		agreed, answer := acceptDeflate(h, &Deflate{MinSize: 7})
		if (agreed != nil) != (answer != "") {
			t.Fatalf("%q: agreed %+v, answer %q", text, agreed, answer)
		}
		if agreed != nil {
			back := http.Header{"Sec-Websocket-Extensions": {answer}}
			if ours, err := CheckAnswer(back, &Deflate{}); ours == nil || err != nil {
				t.Fatalf("%q: our own client refuses %q: %v", text, answer, err)
			}
			if strings.Contains(answer, "client_max_window_bits") || strings.Contains(answer, "window_bits") && !strings.Contains(strings.ToLower(text), "server_max_window_bits") {
				t.Fatalf("%q: the answer %q was not asked for", text, answer)
			}
		}
		if theirs, err := CheckAnswer(h, &Deflate{}); theirs != nil && (err != nil || !strings.Contains(strings.ToLower(text), "server_no_context_takeover")) {
			t.Fatalf("the answer %q was agreed to: %v", text, err)
		}
	})
}
