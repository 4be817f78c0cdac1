package transcript

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/switchboard-rt/switchboard/internal/wsconn"
	"github.com/switchboard-rt/switchboard/transport"
)

// socket is one WebSocket of the client's. What comes is read at once.
type socket struct {
	nc  net.Conn
	mu  sync.Mutex
	got []string
}

func (p *player) open(name string) {
	ours := p.pipes.Dial()
	s := &socket{nc: ours}
	p.sockets[name] = s
	go s.read() // ends with the pipe
	fmt.Fprintf(ours, "GET /hub?id=%s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n", p.token)
}

func (s *socket) send(op transport.Op, text string) {
	f := &transport.Frame{Op: op, Payload: []byte(text)}
	_, _ = s.nc.Write(wsconn.Framing{Client: true}.Append(nil, f)) // a dead line takes nothing
}

func (s *socket) note(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, line)
}

func (s *socket) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.got
	s.got = nil
	return got
}

// read writes down the answer to the upgrade and then each frame, one line for each.
func (s *socket) read() {
	r := bufio.NewReader(s.nc)
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		s.note("no answer")
		return
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		body, _ := io.ReadAll(res.Body) // a cut body is compared as it is
		s.note(strings.TrimSpace(fmt.Sprint(res.StatusCode, " ", string(body))))
		return
	}
	s.note("101")
	for {
		op, payload, err := readFrame(r)
		switch {
		case err == io.EOF:
			s.note("end")
			return
		case err != nil:
			return // cut by ourselves
		case op == 0x88:
			s.note(fmt.Sprintf("close %d", binary.BigEndian.Uint16(payload)))
		default:
			s.note(strings.TrimSuffix(string(payload), "\x1e"))
		}
	}
}

func readFrame(r *bufio.Reader) (op byte, payload []byte, err error) {
	head := make([]byte, 2, 4)
	if _, err := io.ReadFull(r, head); err != nil {
		return 0, nil, err
	}
	size := int(head[1])
	if size == 126 {
		if _, err := io.ReadFull(r, head[2:4]); err != nil {
			return 0, nil, err
		}
		size = int(binary.BigEndian.Uint16(head[2:4]))
	}
	payload = make([]byte, size)
	_, err = io.ReadFull(r, payload)
	return head[0], payload, err
}
