package dashboard

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"sync/atomic"
	"time"

	"github.com/switchboard-rt/switchboard"
)

const (
	maxUpload     = 64 << 20  // bytes
	progressBytes = 256 << 10 // or so many; the page waits for it
)

// receipt is what an upload is answered with. The file itself is not kept.
type receipt struct {
	Bytes  int64   `json:"bytes" msgpack:"bytes"`
	SHA256 string  `json:"sha256" msgpack:"sha256"`
	Took   float64 `json:"took" msgpack:"took"` // ms
}

// drawer: begin

// receive reads an upload as it comes, tells how far it is, and forgets it.
func receive(chunks iter.Seq2[[]byte, error], told func(received int64)) (receipt, error) {
	sum, from := sha256.New(), time.Now()
	var n, last int64
	for chunk, err := range chunks {
		if err != nil {
			return receipt{}, switchboard.Error("The upload was broken off.")
		}
		if n += int64(len(chunk)); n > maxUpload {
			return receipt{}, switchboard.Errorf("A file has at most %d MB here.", maxUpload>>20)
		}
		sum.Write(chunk)
		if n-last >= progressBytes {
			last = n
			told(n)
		}
	}
	told(n)
	return receipt{n, hex.EncodeToString(sum.Sum(nil)), float64(time.Since(from).Microseconds()) / 1000}, nil
}

// drawer: end

type uploadingKey struct{}

// upload is receive for a page: one at a time for each.
func (s *server) upload(ctx context.Context, c *switchboard.Conn, name string, chunks iter.Seq2[[]byte, error]) (receipt, error) {
	busy := c.Get(uploadingKey{}).(*uploading) // set by OnConnect
	name, err := checkLabel(cutName(name))
	if err != nil {
		name = "a file"
	}
	if !busy.CompareAndSwap(false, true) {
		return receipt{}, switchboard.Error("One file at a time. Wait until the other is there.")
	}
	defer busy.Store(false)
	r, err := receive(chunks, func(n int64) {
		s.heard.Add(1)
		_ = c.Send(ctx, "received", n) // a number always encodes
	})
	if err != nil {
		s.log.Info("upload: not kept", "name", name, "error", err)
		return r, err
	}
	s.log.Info("upload: here, and forgotten", "name", name, "bytes", r.Bytes, "sha256", r.SHA256[:8])
	return r, nil
}

// cutName leaves as much of a file's name as a label may have.
func cutName(name string) string {
	if r := []rune(name); len(r) > maxLabel {
		return string(r[:maxLabel-1]) + "…"
	}
	return name
}

// uploading is whether a connection sends a file.
type uploading struct{ atomic.Bool }
