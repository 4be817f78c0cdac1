// Package web serves the pages of the gallery, built by Vite and embedded in
// the binary. On a checkout whose pages were never built it says how to build them.
package web

import (
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed all:dist
var dist embed.FS

// policy lets pages load nothing from elsewhere, be framed by nobody and talk
// to their own server only, under all its names.
func policy(names []string) string {
	calls := "'self'" // sockets of the own origin included
	for _, name := range names {
		calls += " " + name + " ws" + strings.TrimPrefix(name, "http") // ws or wss
	}
	return "default-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src " + calls +
		"; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}

// Handler serves the pages. names are further origins of the same server that pages may call.
func Handler(names ...string) http.Handler {
	files, err := fs.Sub(dist, "dist")
	if err != nil { // cannot happen: the folder is embedded
		panic(err)
	}
	if _, err := fs.Stat(files, "index.html"); err != nil {
		return http.HandlerFunc(notBuilt)
	}
	small, err := pack(files)
	if err != nil { // cannot happen: it reads what is embedded
		panic(err)
	}
	server, rules := http.FileServerFS(files), policy(names)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", rules)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache")
		if strings.HasPrefix(path.Clean(r.URL.Path), "/assets/") {
			h.Set("Cache-Control", "public, max-age=31536000, immutable") // the name holds a hash
		}
		if !small.serve(w, r) {
			server.ServeHTTP(w, r)
		}
	})
}

func notBuilt(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(`<!doctype html><meta charset="utf-8"><title>Switchboard</title>
<h1>The pages are not built</h1>
<p>The server runs: its hub is at <code>/chatHub</code>, the raw echo at <code>/ws</code>.
For the pages run <code>make build</code> (it needs Node 20 or later), then start the server again.</p>
`)) // the client has gone if it fails
}
