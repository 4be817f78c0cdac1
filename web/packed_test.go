package web

import (
	"compress/gzip"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func TestPacked(t *testing.T) {
	page := "<!doctype html>" + strings.Repeat("<p>again", 1000)
	p, err := pack(fstest.MapFS{
		"index.html": {Data: []byte(page)}, "chat/index.html": {Data: []byte(page)}, "a.woff2": {Data: []byte("font")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		method, path, accept string
		served               bool
	}{
		{"GET", "/", "gzip, br", true},
		{"GET", "/chat/", "gzip", true},
		{"HEAD", "/chat/", "gzip", true},
		{"GET", "/chat/", "br", false},
		{"GET", "/chat", "gzip", false},
		{"GET", "/index.html", "gzip", false},
		{"GET", "/a.woff2", "gzip", false},
		{"GET", "/../index.html", "gzip", false},
		{"POST", "/", "gzip", false},
	} {
		r := httptest.NewRequestWithContext(t.Context(), c.method, "/", nil)
		r.URL.Path = c.path
		r.Header.Set("Accept-Encoding", c.accept)
		w := httptest.NewRecorder()
		if served := p.serve(w, r); served != c.served {
			t.Errorf("%s %s (%s): served %v", c.method, c.path, c.accept, served)
		}
		if !c.served || c.method == "HEAD" {
			continue
		}
		z, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(z); err != nil || string(body) != page {
			t.Errorf("%s: %v %.40s", c.path, err, body)
		}
		if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, "text/html") {
			t.Errorf("%s: type %q", c.path, got)
		}
	}
}
