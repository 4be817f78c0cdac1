package web

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// packed holds the pages' text files by path, compressed once at the start.
type packed map[string][]byte

// pack compresses what shrinks: fonts and pictures do not.
func pack(files fs.FS) (packed, error) {
	p := packed{}
	return p, fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !shrinks(name) {
			return err
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			return err
		}
		if _, err := w.Write(data); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		p["/"+name] = b.Bytes()
		return nil
	})
}

func shrinks(name string) bool {
	switch path.Ext(name) {
	case ".html", ".js", ".css", ".svg", ".json", ".wasm":
		return true
	}
	return false
}

// serve answers with the compressed form if there is one and the client takes
// it, else it reports false.
func (p packed) serve(w http.ResponseWriter, r *http.Request) bool {
	name := r.URL.Path
	if strings.HasSuffix(name, "/") {
		name += "index.html"
	} else if path.Base(name) == "index.html" {
		return false // the file server redirects to the folder
	}
	data, ok := p[name]
	if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Accept-Encoding")
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		return false
	}
	h.Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	h.Set("Content-Encoding", "gzip")
	h.Set("Content-Length", strconv.Itoa(len(data)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(data) // the client has gone if it fails
	}
	return true
}
