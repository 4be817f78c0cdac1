package endpoint_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
)

// TestAnswersAreTheirOwn: the memory of an answer that is written serves the
// next one, of any connection. Many that call in bursts, each with texts of its
// own, get exactly their own answers back.
func TestAnswersAreTheirOwn(t *testing.T) {
	hub := switchboard.NewHub("h", &switchboard.Options{Logger: quietLog()})
	hub.Handle("Echo", func(s string) string { return s })
	mux := http.NewServeMux()
	h := endpoint.Mount(mux, "/hub", hub, &endpoint.Options{Logger: quietLog()})
	server := httptest.NewServer(mux)
	defer server.Close()
	defer func() {
		if err := errors.Join(hub.Shutdown(t.Context()), h.Shutdown(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	var all sync.WaitGroup
	for who := range 16 {
		nc := socket(t, server)
		all.Go(func() {
			defer nc.Close()
			if err := burst(nc, who); err != nil {
				t.Errorf("client %d: %v", who, err)
			}
		})
	}
	all.Wait()
}

// burst calls Echo in bursts of different lengths and compares the answers.
func burst(nc net.Conn, who int) error {
	r := bufio.NewReader(nc)
	if res, err := http.ReadResponse(r, nil); err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("the upgrade: %v %w", res, err)
	}
	if m, err := message(r); err != nil || m != "{}"+rs {
		return fmt.Errorf("the handshake: %q %w", m, err)
	}
	n := 0
	for round := range 200 {
		var out []byte
		from := n
		for range 1 + (round+who)%13 {
			n++
			text := strings.Repeat(fmt.Sprintf("%d-%d ", who, n), 1+n%40) // some are longer than the room in a reply
			out = append(out, masked(fmt.Sprintf(`{"type":1,"invocationId":"%d","target":"Echo","arguments":["%s"]}`, n, text)+rs)...)
		}
		if _, err := nc.Write(out); err != nil {
			return err
		}
		for i := from + 1; i <= n; i++ {
			want := fmt.Sprintf(`{"type":3,"invocationId":"%d","result":"%s"}`, i, strings.Repeat(fmt.Sprintf("%d-%d ", who, i), 1+i%40)) + rs
			if got, err := message(r); err != nil || got != want {
				return fmt.Errorf("answer %d: %q, want %q: %w", i, got, want, err)
			}
		}
	}
	return nil
}

// masked is a text frame with a mask of zeros (RFC 6455, 5.2).
func masked(text string) []byte {
	head := []byte{0x81, 0x80 | 126, byte(len(text) >> 8), byte(len(text)), 0, 0, 0, 0}
	return append(head, text...)
}

// message reads one text frame of the server's.
func message(r io.Reader) (string, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return "", err
	}
	size := int(head[1])
	if size == 126 {
		var long [2]byte
		if _, err := io.ReadFull(r, long[:]); err != nil {
			return "", err
		}
		size = int(binary.BigEndian.Uint16(long[:]))
	}
	p := make([]byte, size)
	_, err := io.ReadFull(r, p)
	return string(p), err
}
