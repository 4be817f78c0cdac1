package dashboard

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	tailLines = 200 // lines that are kept, and the most that a reader may be behind
	lineBytes = 400
	linesASec = 30 // more in a second are left out, and counted
)

// logLine is a line of the log as pages see it.
type logLine struct {
	N     int64  `json:"n" msgpack:"n"`
	At    int64  `json:"at" msgpack:"at"` // ms since 1970
	Level string `json:"level" msgpack:"level"`
	Text  string `json:"text" msgpack:"text"`
}

// tail keeps the last lines of a log for those who follow it. Its methods may
// be called from any goroutine.
type tail struct {
	mu    sync.Mutex
	last  int64
	lines []logLine
	more  chan struct{} // closed when there is a line after last
}

func newTail() *tail { return &tail{more: make(chan struct{})} }

func (t *tail) add(at time.Time, level slog.Level, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	t.lines = append(t.lines, logLine{t.last, at.UnixMilli(), level.String(), cutText(text)})
	if len(t.lines) > tailLines {
		t.lines = slices.Delete(t.lines, 0, len(t.lines)-tailLines)
	}
	close(t.more)
	t.more = make(chan struct{})
}

// cutText shortens a text at a character.
func cutText(s string) string {
	if len(s) <= lineBytes {
		return s
	}
	s = s[:lineBytes]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "…"
}

// after are the kept lines that follow number n, and what says that there are more.
func (t *tail) after(n int64) ([]logLine, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	from, _ := slices.BinarySearchFunc(t.lines, n+1, func(l logLine, n int64) int { return int(l.N - n) })
	return slices.Clone(t.lines[from:]), t.more
}

// follow streams the log: the last lines, then each as it is written. Whoever
// reads too slowly misses lines and sees it by their numbers; the log never waits.
func (t *tail) follow(ctx context.Context) iter.Seq2[logLine, error] {
	return func(yield func(logLine, error) bool) {
		for n := int64(0); ; {
			lines, more := t.after(n)
			for _, line := range lines {
				if n = line.N; !yield(line, nil) {
					return
				}
			}
			select {
			case <-more:
			case <-ctx.Done():
				return
			}
		}
	}
}

// logger writes to the tail, and warnings to the server's log, too.
func (t *tail) logger(to *slog.Logger) *slog.Logger {
	if to == nil {
		to = slog.Default()
	}
	return slog.New(&tee{Handler: to.Handler(), tail: t})
}

// tee passes on so many lines a second: whoever comes and goes all the time
// shall not fill the log.
type tee struct {
	slog.Handler
	tail *tail

	mu      sync.Mutex
	second  int64
	n       int
	skipped int
}

// may says whether a line fits into its second, and how many were left out before it.
func (h *tee) may(at time.Time) (skipped int, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if at.Unix() != h.second {
		h.second, h.n = at.Unix(), 0
	}
	if h.n++; h.n > linesASec {
		h.skipped++
		return 0, false
	}
	skipped, h.skipped = h.skipped, 0
	return skipped, true
}

func (h *tee) Handle(ctx context.Context, r slog.Record) error {
	skipped, ok := h.may(r.Time)
	if !ok {
		return nil
	}
	if skipped > 0 {
		h.tail.add(r.Time, slog.LevelWarn, fmt.Sprintf("log: %d lines were left out", skipped))
	}
	var b strings.Builder
	b.WriteString(r.Message)
	r.Attrs(func(a slog.Attr) bool {
		fmt.Fprintf(&b, " %s=%v", a.Key, a.Value)
		return true
	})
	h.tail.add(r.Time, r.Level, b.String())
	if r.Level < slog.LevelWarn {
		return nil // what a demo does is no news for the server's log
	}
	return h.Handler.Handle(ctx, r)
}

// Enabled does not depend on what the server's log takes.
func (h *tee) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }
