package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// holding is a connection that is being held.
type holding struct {
	check  string
	hold   time.Duration
	prompt time.Duration // how soon an answer must be there
	lines  <-chan string // what arrives; closed at the end
	late   *time.Timer   // stopped once something has arrived
	fix    string        // if it is cut while quiet
}

// watch waits for the first line, if one is due, sends the handshake, waits
// for its answer, and then holds on and counts pings.
func (h *holding) watch(ctx context.Context, first string, handshake func() error) []finding {
	if first != "" {
		if !h.await(ctx, first) {
			return h.finding(isBad, fmt.Sprintf("its first byte has not come within %v: something on the way holds it back", h.prompt), fixBuffering)
		}
		if h.late != nil {
			h.late.Stop()
		}
	}
	sent := time.Now()
	if err := handshake(); err != nil {
		return h.finding(isBad, "nothing can be sent: "+err.Error(), "does the proxy send a connection's requests to the same server?")
	}
	if !h.await(ctx, "{}") {
		return h.finding(isBad, fmt.Sprintf("a message has not come within %v: something on the way holds it back", h.prompt), fixBuffering)
	}
	answered := time.Since(sent)
	pings, cut := h.keep(ctx)
	switch {
	case cut > 0:
		return h.finding(isBad, fmt.Sprintf("it was cut after %v, with %d pings until then", cut.Round(time.Second/10), pings), h.fix)
	case pings == 0 && h.hold > 20*time.Second:
		return h.finding(isBad, fmt.Sprintf("no ping of the hub has come in %v", h.hold), fixBuffering)
	}
	return h.finding(isOK, fmt.Sprintf("answered in %v, held for %v with %d pings", answered.Round(time.Millisecond), h.hold, pings), "")
}

func (h *holding) finding(state, detail, fix string) []finding {
	return []finding{{Check: h.check, State: state, Detail: detail, Fix: fix}}
}

// await waits for a line with the given text.
func (h *holding) await(ctx context.Context, text string) bool {
	limit := time.NewTimer(h.prompt)
	defer limit.Stop()
	for {
		select {
		case line, more := <-h.lines:
			if !more {
				return false
			}
			if strings.Contains(line, text) {
				return true
			}
		case <-limit.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// keep holds the connection. cut says after how long it ended, 0 if it did not.
func (h *holding) keep(ctx context.Context) (pings int, cut time.Duration) {
	from := time.Now()
	limit := time.NewTimer(h.hold)
	defer limit.Stop()
	for {
		select {
		case line, more := <-h.lines:
			if !more {
				return pings, time.Since(from)
			}
			if strings.Contains(line, `{"type":6}`) {
				pings++
			}
		case <-limit.C:
			return pings, 0
		case <-ctx.Done():
			return pings, time.Since(from)
		}
	}
}
