package websocket_test

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard/websocket"
)

// rooms is a guard with so many places.
type rooms struct {
	places, free, asked atomic.Int64
	refusal             error
}

func newRooms(places int64, refusal error) *rooms {
	g := &rooms{refusal: refusal}
	g.places.Store(places)
	g.free.Store(places)
	return g
}

func (g *rooms) Line(*http.Request) (func(), error) {
	g.asked.Add(1)
	if g.free.Add(-1) < 0 {
		g.free.Add(1)
		return nil, g.refusal
	}
	return func() { g.free.Add(1) }, nil
}

// allFree waits until every place has been given back, and no more than that.
func (g *rooms) allFree(t *testing.T) {
	t.Helper()
	for until := time.Now().Add(patience); g.free.Load() != g.places.Load(); time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("%d of %d places are free", g.free.Load(), g.places.Load())
		}
	}
}

// own is a refusal that writes its own answer.
type own struct{ error }

func (own) Respond(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "7")
	w.WriteHeader(http.StatusTooManyRequests)
}

func TestGuardRefuses(t *testing.T) {
	for _, c := range []struct {
		refusal error
		status  int
		wait    string
	}{
		{errors.New("the cellar is flooded"), http.StatusServiceUnavailable, ""},
		{own{errors.New("too many")}, http.StatusTooManyRequests, "7"},
	} {
		g := newRooms(1, c.refusal)
		url := accepting(t, &websocket.Options{Guard: g}, echo)
		first := dial(t, url, nil)
		_, res, err := websocket.Dial(within(t), url, nil)
		if err == nil || res == nil || res.StatusCode != c.status || res.Header.Get("Retry-After") != c.wait {
			t.Errorf("%v: %v %+v", c.refusal, err, res)
		}
		_ = first.CloseNow()
		g.allFree(t)
		_ = dial(t, url, nil).CloseNow()
		g.allFree(t)
	}
}

// A place is given back once, whoever ends the line and however, and one that
// never came to be holds none.
func TestGuardGetsItsPlaceBack(t *testing.T) {
	g := newRooms(100, nil)
	o := &websocket.Options{Guard: g}
	end := map[string]func(c *websocket.Conn){
		"client: close": func(c *websocket.Conn) { _ = c.Close(websocket.StatusNormalClosure, "") },
		"client: lost":  func(c *websocket.Conn) { _ = c.CloseNow() },
	}
	for name, url := range map[string]string{
		"serve":         echoing(t, o),
		"read":          accepting(t, o, echo),
		"server: close": accepting(t, o, func(c *websocket.Conn) { _ = c.Close(websocket.StatusGoingAway, "") }),
		"server: lost":  accepting(t, o, func(c *websocket.Conn) { _ = c.CloseNow() }),
	} {
		for how, f := range end {
			f(dial(t, url, nil))
			t.Log(name, how)
			g.allFree(t)
		}
	}
	asked := g.asked.Load()
	url := "http" + echoing(t, o)[len("ws"):]
	for _, origin := range []string{"", "https://evil.example"} { // no upgrade, and a foreign page
		r, _ := http.NewRequestWithContext(within(t), "GET", url, nil)
		r.Header.Set("Origin", origin)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}
	http.DefaultClient.CloseIdleConnections()
	if g.asked.Load() != asked {
		t.Error("the guard is asked about requests that cannot have a line")
	}
	hidden := serve(t, func(w http.ResponseWriter, r *http.Request) { // by a middleware
		_ = websocket.Serve(struct{ http.ResponseWriter }{w}, r, o, func(*websocket.Conn, websocket.Type, []byte) {})
	})
	if _, _, err := websocket.Dial(within(t), hidden, nil); err == nil {
		t.Error("a line without its connection")
	}
	g.allFree(t)
}
