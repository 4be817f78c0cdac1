package dashboard

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/switchboard-rt/switchboard/websocket"

	"github.com/switchboard-rt/switchboard/examples/demo"
)

const (
	silence  = time.Minute            // a device that says nothing for so long is hung up on
	farewell = 500 * time.Millisecond // for the peer's goodbye
)

// lines counts the devices' lines, so that they are bounded and the end waits for them.
type lines struct {
	mu   sync.Mutex
	n    int
	over bool
	work sync.WaitGroup
	ctx  context.Context // ends with the server
	end  context.CancelFunc
}

func newLines() *lines {
	ctx, end := context.WithCancel(context.Background())
	return &lines{ctx: ctx, end: end}
}

func (l *lines) enter() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over || l.n >= maxDevices {
		return false
	}
	l.n++
	l.work.Add(1)
	return true
}

func (l *lines) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n--
	l.work.Done()
}

// shutdown says goodbye on every line and waits for them until ctx ends.
func (l *lines) shutdown(ctx context.Context) error {
	l.mu.Lock()
	l.over = true
	l.mu.Unlock()
	l.end()
	return demo.Wait(ctx, &l.work)
}

// ServeHTTP is /devices: a raw WebSocket for each device.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.lines.enter() {
		http.Error(w, "There are as many devices as there can be.", http.StatusServiceUnavailable)
		return
	}
	defer s.lines.leave()
	// drawer: begin
	c, err := websocket.Accept(w, r, &s.door)
	if err != nil {
		return // it has been answered
	}
	l := newLine()
	defer s.lost(l)
	for {
		p, err := s.read(c) // waits a minute at most
		if err != nil {
			hangUp(c, err)
			return
		}
		if err := s.take(l, p); err != nil {
			s.tell(c, err) // a sentence; the line goes on
		}
	}
	// drawer: end
}

func (s *server) read(c *websocket.Conn) ([]byte, error) {
	ctx, cancel := context.WithTimeout(s.lines.ctx, silence)
	defer cancel()
	_, p, err := c.Read(ctx)
	return p, err
}

func (s *server) take(l *line, p []byte) error {
	s.heard.Add(1)
	hello, err := s.devices.take(l, p, time.Now())
	if hello && err == nil {
		s.log.Info("device: on the line", "name", l.d.Name)
	}
	return err
}

func (s *server) lost(l *line) {
	if name := s.devices.gone(l); name != "" {
		s.log.Info("device: off the line", "name", name)
	}
}

// tell says what was wrong. A device that does not take the answer is hung up on.
func (s *server) tell(c *websocket.Conn, wrong error) {
	p, _ := json.Marshal(map[string]string{"error": wrong.Error()}) // a text
	ctx, cancel := context.WithTimeout(s.lines.ctx, time.Second)
	defer cancel()
	if c.Write(ctx, websocket.Text, p) != nil {
		_ = c.CloseNow()
	}
}

func hangUp(c *websocket.Conn, why error) {
	stop := time.AfterFunc(farewell, func() { _ = c.CloseNow() })
	defer stop.Stop()
	switch {
	case errors.Is(why, context.DeadlineExceeded):
		_ = c.Close(websocket.StatusPolicyViolation, "nothing was said for a minute")
	case errors.Is(why, context.Canceled):
		_ = c.Close(websocket.StatusGoingAway, "the server is shutting down")
	}
	_ = c.CloseNow()
}
