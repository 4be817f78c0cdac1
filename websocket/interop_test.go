package websocket_test

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"

	theirs "github.com/coder/websocket"

	"github.com/switchboard-rt/switchboard/websocket"
)

var modes = map[string]theirs.CompressionMode{
	"no compression":      theirs.CompressionDisabled,
	"no context takeover": theirs.CompressionNoContextTakeover,
	"context takeover":    theirs.CompressionContextTakeover,
}

func samples() [][]byte {
	var all [][]byte
	for _, size := range []int{0, 1, 125, 126, 511, 512, 65535, 65536, 400_000} {
		all = append(all, bytes.Repeat([]byte("A text that compresses. "), size/24+1)[:size])
	}
	return append(all, []byte("κόσμε 😀"))
}

// Their client at our server, in both forms.
func TestInteropTheirClient(t *testing.T) {
	for ours, compression := range map[string]*websocket.Compression{"plain": nil, "compressing": {}, "compressing all": {MinSize: 1}} {
		o := &websocket.Options{Compression: compression, Subprotocols: []string{"echo"}}
		for form, url := range map[string]string{"Accept": accepting(t, o, echo), "Serve": echoing(t, o)} {
			for name, mode := range modes {
				t.Run(ours+" "+form+", they: "+name, func(t *testing.T) {
					c, response, err := theirs.Dial(within(t), url, &theirs.DialOptions{CompressionMode: mode, Subprotocols: []string{"echo"}})
					if err != nil {
						t.Fatal(err)
					}
					defer c.CloseNow()
					agreed := strings.HasPrefix(response.Header.Get("Sec-WebSocket-Extensions"), "permessage-deflate")
					if want := compression != nil && mode != theirs.CompressionDisabled; agreed != want {
						t.Errorf("compression agreed on: %t", agreed)
					}
					if c.Subprotocol() != "echo" {
						t.Errorf("subprotocol %q", c.Subprotocol())
					}
					theyEcho(t, c)
					if err := c.Close(theirs.StatusCode(4321), "enough"); err != nil {
						t.Errorf("their Close: %v", err)
					}
				})
			}
		}
	}
}

func theyEcho(t *testing.T, c *theirs.Conn) {
	t.Helper()
	ctx := within(t)
	c.SetReadLimit(1 << 20)
	for _, want := range samples() {
		for _, typ := range []theirs.MessageType{theirs.MessageText, theirs.MessageBinary} {
			w, err := c.Writer(ctx, typ) // their writer makes fragments
			if err != nil {
				t.Fatal(err)
			}
			for rest := want; len(rest) > 0; rest = rest[min(len(rest), 50_000):] {
				if _, err := w.Write(rest[:min(len(rest), 50_000)]); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			got, p, err := c.Read(ctx)
			if got != typ || !bytes.Equal(p, want) || err != nil {
				t.Fatalf("%d bytes of %v came back as %d of %v, %v", len(want), typ, len(p), got, err)
			}
		}
	}
	reading := c.CloseRead(ctx) // which their Ping needs
	if err := c.Ping(reading); err != nil {
		t.Fatal(err)
	}
}

// Our client at their server.
func TestInteropTheirServer(t *testing.T) {
	for name, mode := range modes {
		ended := make(chan error, 1)
		url := serve(t, func(w http.ResponseWriter, r *http.Request) {
			c, err := theirs.Accept(w, r, &theirs.AcceptOptions{CompressionMode: mode, CompressionThreshold: 1, Subprotocols: []string{"echo"}})
			if err != nil {
				ended <- err
				return
			}
			defer c.CloseNow()
			c.SetReadLimit(1 << 20)
			for {
				typ, p, err := c.Read(context.Background())
				if err != nil {
					ended <- err
					return
				}
				if err := c.Write(context.Background(), typ, p); err != nil {
					ended <- err
					return
				}
			}
		})
		for ours, compression := range map[string]*websocket.Compression{"plain": nil, "compressing": {}, "compressing all": {MinSize: 1}} {
			t.Run(ours+", they: "+name, func(t *testing.T) {
				c := dial(t, url, &websocket.DialOptions{Compression: compression, Subprotocols: []string{"echo"}})
				if c.Subprotocol() != "echo" {
					t.Errorf("subprotocol %q", c.Subprotocol())
				}
				for _, want := range samples() {
					for _, typ := range []websocket.Type{websocket.Text, websocket.Binary} {
						if err := c.Write(within(t), typ, want); err != nil {
							t.Fatal(err)
						}
						if got, p, err := c.Read(within(t)); got != typ || !bytes.Equal(p, want) || err != nil {
							t.Fatalf("%d bytes of type %d came back as %d of type %d, %v", len(want), typ, len(p), got, err)
						}
					}
				}
				if err := c.Ping(within(t)); err != nil {
					t.Error(err)
				}
				if err := c.Close(4321, "enough"); err != nil {
					t.Errorf("our Close: %v", err)
				}
				if err := <-ended; theirs.CloseStatus(err) != 4321 {
					t.Errorf("their end: %v", err)
				}
			})
		}
	}
}

// The server says goodbye first.
func TestInteropServerCloses(t *testing.T) {
	ours := make(chan error, 1)
	url := accepting(t, nil, func(c *websocket.Conn) { ours <- c.Close(4000, "server's reason") })
	c, _, err := theirs.Dial(within(t), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	_, _, err = c.Read(within(t))
	if theirs.CloseStatus(err) != 4000 || !strings.Contains(err.Error(), "server's reason") {
		t.Errorf("they read %v", err)
	}
	if err := <-ours; err != nil {
		t.Errorf("our Close: %v", err)
	}

	their := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if c, err := theirs.Accept(w, r, nil); err == nil {
			ours <- c.Close(4001, "their reason")
		}
	})
	_, _, err = dial(t, their, nil).Read(within(t))
	wantCode(t, err, 4001)
	if !strings.Contains(err.Error(), "their reason") {
		t.Error(err)
	}
	if err := <-ours; err != nil {
		t.Errorf("their Close: %v", err)
	}
}
