package websocket_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/switchboard-rt/switchboard/websocket"
)

// A line that is read by a loop of yours.
func ExampleAccept() {
	http.HandleFunc("/clock", func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.Options{AllowedOrigins: []string{"https://app.example"}})
		if err != nil {
			return // the answer has been written
		}
		defer c.CloseNow()
		for {
			_, format, err := c.Read(r.Context())
			if err != nil {
				return
			}
			now := time.Now().Format(string(format))
			if err := c.Write(r.Context(), websocket.Text, []byte(now)); err != nil {
				return
			}
		}
	})
}

// A line that calls a function for each message and needs no goroutine of
// yours while it waits.
func ExampleServe() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = websocket.Serve(w, r, nil, func(c *websocket.Conn, typ websocket.Type, p []byte) {
			_ = c.Write(context.Background(), typ, append([]byte("Echo: "), p...))
		})
	}))
	defer server.Close()

	ctx := context.Background()
	c, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(server.URL, "http"), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.CloseNow()
	_ = c.Write(ctx, websocket.Text, []byte("hello"))
	_, p, err := c.Read(ctx)
	fmt.Println(string(p), err)
	// Output: Echo: hello <nil>
}

func ExampleDial() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := websocket.Accept(w, r, nil); err == nil {
			_ = c.Close(websocket.StatusTryAgainLater, "the house is full")
		}
	}))
	defer server.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, _, err := websocket.Dial(ctx, server.URL, &websocket.DialOptions{Compression: &websocket.Compression{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.CloseNow()
	_, _, err = c.Read(ctx)
	fmt.Println(websocket.CloseStatus(err), err)
	// Output: 1013 websocket: closed with code 1013: the house is full
}
