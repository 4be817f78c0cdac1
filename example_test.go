package switchboard_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
)

// A chat server: what one client sends, everybody gets.
func Example() {
	hub := switchboard.NewHub("chat", nil)
	hub.Handle("SendMessage", func(ctx context.Context, user, message string) error {
		return hub.All().Send(ctx, "ReceiveMessage", user, message)
	})
	mux := http.NewServeMux()
	endpoint.Mount(mux, "/chatHub", hub, nil)
	log.Fatal(http.ListenAndServe("localhost:5000", mux))
}

// Rooms are groups. A method that wants to know who calls takes the connection.
func ExampleConn_Join() {
	hub := switchboard.NewHub("rooms", nil)
	hub.Handle("Enter", func(ctx context.Context, c *switchboard.Conn, room string) error {
		if err := c.OthersIn(room).Send(ctx, "Entered", c.UserID()); err != nil {
			return err
		}
		return c.Join(ctx, room)
	})
	hub.Handle("Say", func(ctx context.Context, room, text string) error {
		if text == "" {
			return switchboard.Error("Say something.") // the client sees this text
		}
		return hub.Group(room).Send(ctx, "Said", text)
	})
}

// A method that returns an iterator is a stream. When the client cancels it,
// ctx ends.
func ExampleHub_Handle_stream() {
	hub := switchboard.NewHub("clock", nil)
	hub.Handle("Ticks", func(ctx context.Context, ms int) iter.Seq2[time.Time, error] {
		return func(yield func(time.Time, error) bool) {
			clock := time.NewTicker(time.Duration(ms) * time.Millisecond)
			defer clock.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case now := <-clock.C:
					if !yield(now, nil) {
						return
					}
				}
			}
		}
	})
}

// A parameter that is an iterator takes a stream from the client; ranging over
// it is the back-pressure.
func ExampleHub_Handle_upload() {
	hub := switchboard.NewHub("import", nil)
	hub.Handle("Import", func(ctx context.Context, lines iter.Seq2[string, error]) (n int, err error) {
		for line, err := range lines {
			if err != nil {
				return n, err
			}
			fmt.Println(line)
			n++
		}
		return n, nil
	})
}

// A method may ask its caller something. The client may call the hub back
// before it answers.
func ExampleAsk() {
	hub := switchboard.NewHub("files", nil)
	hub.Handle("Delete", func(ctx context.Context, c *switchboard.Conn, name string) error {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		yes, err := switchboard.Ask[bool](ctx, c, "confirm", "Delete "+name+"?")
		if err != nil || !yes {
			return err
		}
		return hub.All().Send(ctx, "Deleted", name)
	})
}

// A filter sees every call: here it measures them, and turns away who calls too often.
func ExampleHub_Use() {
	hub := switchboard.NewHub("orders", nil)
	hub.Use(switchboard.Filter{
		Invoke: func(ctx context.Context, call *switchboard.Call, next switchboard.Next) (any, error) {
			if !mayCall(call.Conn.UserID()) {
				return nil, switchboard.Error("too many calls, try again in a minute")
			}
			start := time.Now()
			result, err := next(ctx)
			slog.Debug("call", "method", call.Method, "bytes", call.Size, "took", time.Since(start), "error", err)
			return result, err
		},
	})
}

func mayCall(user string) bool { return user != "" }

// Who may come in at all is the endpoint's Authenticate to say, who may use a
// hub or a single method is Authorize's.
func ExampleAuthorize() {
	admins := func(ctx context.Context, c *switchboard.Conn) error {
		if u := c.User(); u == nil || u.Claims["role"] != "admin" {
			return errors.New("no admin") // for the log; the client learns that it is unauthorized
		}
		return nil
	}
	hub := switchboard.NewHub("orders", nil)
	hub.Handle("List", func() []string { return nil })
	hub.Handle("Delete", func(id string) error { return nil }, switchboard.Authorize(admins))
}

// A client method of one argument, named once: what is sent has its type.
func ExampleEvent() {
	type price struct {
		Symbol string  `json:"symbol"`
		Value  float64 `json:"value"`
	}
	priced := switchboard.Event[price]("priced")
	hub := switchboard.NewHub("market", nil)
	hub.Declares(priced) // for Describe
	hub.Handle("Set", func(ctx context.Context, symbol string, value float64) error {
		return priced.Send(ctx, hub.Group(symbol), price{symbol, value})
	})
}

// A server that ends in order: clients are told to come back, methods finish.
// First the hub, then its endpoint, then the HTTP server.
func ExampleHub_Shutdown() {
	hub := switchboard.NewHub("chat", nil)
	mux := http.NewServeMux()
	door := endpoint.Mount(mux, "/chatHub", hub, nil)
	server := &http.Server{Addr: "localhost:5000", Handler: mux, ReadHeaderTimeout: 10 * time.Second}

	stop, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	go func() { log.Print(server.ListenAndServe()) }()
	<-stop.Done()

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := errors.Join(hub.Shutdown(ctx), door.Shutdown(ctx), server.Shutdown(ctx)); err != nil {
		log.Print(err)
	}
}

// What a hub offers, for generators of typed clients.
func ExampleHub_Describe() {
	hub := switchboard.NewHub("chat", nil)
	hub.Handle("SendMessage", func(ctx context.Context, user, message string) error { return nil })
	hub.Declares(switchboard.Signature[func(user, message string)]("ReceiveMessage"))
	for _, m := range hub.Describe().Methods {
		fmt.Println(m.Name, len(m.Params), m.Params[0].Type.Kind)
	}
	// Output: SendMessage 2 string
}
