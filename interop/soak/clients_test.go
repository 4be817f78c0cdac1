package soak

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/switchboard-rt/switchboard/websocket"
)

// said is one message of the server's.
type said struct {
	Type  int
	ID    string `json:"invocationId"`
	Error string
}

// socket is one life over a WebSocket: up to 40 things, then one of several ends.
func (s *site) socket(ctx context.Context, r *rand.Rand, w int) error {
	// A life has an end of its own: the round's may come in the middle of anything.
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Minute)
	defer cancel()
	c, _, err := websocket.Dial(own, "ws"+strings.TrimPrefix(s.URL, "http")+fmt.Sprintf("/hub?access_token=user%d", w%10), nil)
	if err != nil {
		return fmt.Errorf("dial: %w", err)
	}
	defer c.CloseNow()
	if err := c.Write(own, websocket.Text, []byte(hello)); err != nil {
		return fmt.Errorf("hello: %w", err)
	}
	for i := range 1 + r.IntN(40) {
		id := fmt.Sprint(i)
		message, wait := s.something(r, id)
		if err := c.Write(own, websocket.Text, []byte(message+rs)); err != nil {
			return fmt.Errorf("write: %w", err)
		}
		for done := !wait; !done; {
			_, p, err := c.Read(own)
			if err != nil {
				return fmt.Errorf("read: %w", err)
			}
			if done, err = s.heard(string(p), id); err != nil {
				return err
			}
		}
	}
	switch r.IntN(3) {
	case 0:
		s.done.cuts.Add(1) // without a word
		return nil
	case 1:
		_ = c.Write(own, websocket.Text, []byte(`{"type":7}`+rs))
		return nil
	}
	_ = c.Close(websocket.StatusNormalClosure, "") // other answers may be on their way
	return nil
}

// heard looks for the completion of id among what came.
func (s *site) heard(text, id string) (done bool, err error) {
	for part := range strings.SplitSeq(text, rs) {
		var m said
		if part == "" || part == "{}" {
			continue
		}
		if err := json.Unmarshal([]byte(part), &m); err != nil {
			return false, fmt.Errorf("the message %q: %w", part, err)
		}
		switch {
		case m.Type == 7:
			return false, fmt.Errorf("closed: %s", part)
		case m.Type == 2:
			s.done.items.Add(1)
		case m.Type == 3 && m.ID == id:
			s.done.calls.Add(1)
			done = true
		}
	}
	return done, nil
}

// something is a message at random; wait says that its completion comes.
func (s *site) something(r *rand.Rand, id string) (message string, wait bool) {
	invoke := func(kind int, target, args string) string {
		return fmt.Sprintf(`{"type":%d,"invocationId":"%s","target":"%s","arguments":[%s]}`, kind, id, target, args)
	}
	group := fmt.Sprintf(`"g%d"`, r.IntN(5))
	switch r.IntN(12) {
	case 0:
		return invoke(4, "Count", fmt.Sprint(r.IntN(100))), true
	case 1:
		return invoke(1, "Join", group), true
	case 2:
		return invoke(1, "Leave", group), true
	case 3:
		s.done.broadcasts.Add(1)
		return invoke(1, "Tell", group+`,"hello"`), true
	case 4:
		s.done.broadcasts.Add(1)
		return invoke(1, "All", `"hello"`), true
	case 5:
		return invoke(1, "Fail", ""), true
	case 6:
		return invoke(1, "Nothing", ""), true
	case 7:
		return `{"type":6}`, false
	case 8: // a stream that is cancelled before it is read
		return invoke(4, "Count", "1000000") + rs + fmt.Sprintf(`{"type":5,"invocationId":"%s"}`, id), true
	}
	return invoke(1, "Echo", `"`+strings.Repeat("x", r.IntN(500))+`"`), true
}

// errLate is no fault of the server's: on a busy machine a client did not come
// back in time, and its connection is gone.
var errLate = errors.New("the client was away for too long")

// overdue explains a status. What the answers needed to arrive is not seen here.
func overdue(status int, since time.Time) bool {
	return status == http.StatusNotFound && time.Since(since) > away/2
}

// polls is one life over long polling; some are never used, some just stop.
func (s *site) polls(ctx context.Context, r *rand.Rand) error {
	since := time.Now() // nobody has polled
	path, err := s.negotiate(ctx)
	if err != nil {
		return err
	}
	ask := func(method, body string) (status int, text string, err error) {
		status, text, err = s.request(ctx, method, path, body)
		if err == nil && overdue(status, since) {
			err = errLate
		}
		if method == "GET" {
			since = time.Now()
		}
		return status, text, err
	}
	if _, _, err := ask("GET", ""); err != nil {
		return err
	}
	if _, _, err := ask("POST", hello); err != nil {
		return err
	}
	for i := range 1 + r.IntN(8) {
		id := fmt.Sprint(i)
		message, wait := s.something(r, id)
		if status, _, err := ask("POST", message+rs); err != nil || status != 200 {
			return fmt.Errorf("POST: %d %w", status, err)
		}
		for done := !wait; !done; {
			_, text, err := ask("GET", "")
			if err != nil {
				return err
			}
			if done, err = s.heard(text, id); err != nil {
				return err
			}
		}
	}
	_, _, err = s.request(context.WithoutCancel(ctx), "DELETE", path, "")
	return err
}

// listens is one life over an event stream, which is hung up in the end.
func (s *site) listens(ctx context.Context, r *rand.Rand) error {
	since := time.Now()
	path, err := s.negotiate(ctx)
	if err != nil {
		return err
	}
	own, hangUp := context.WithCancel(ctx)
	defer hangUp()
	req, err := http.NewRequestWithContext(own, "GET", s.URL+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "text/event-stream")
	res, err := s.Client().Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if overdue(res.StatusCode, since) {
		return errLate
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	if _, _, err := s.request(ctx, "POST", path, hello); err != nil {
		return err
	}
	for i := range 1 + r.IntN(8) {
		id := fmt.Sprint(i)
		message, wait := s.something(r, id)
		if _, _, err := s.request(ctx, "POST", path, message+rs); err != nil {
			return err
		}
		for done := !wait; !done; {
			if !lines.Scan() {
				return fmt.Errorf("the stream has ended: %v", lines.Err())
			}
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				if done, err = s.heard(data, id); err != nil {
					return err
				}
			}
		}
	}
	s.done.cuts.Add(1)
	return nil
}
