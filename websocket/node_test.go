package websocket_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/switchboard-rt/switchboard/websocket"
)

// Node's own WebSocket is the same code that runs behind fetch: a client
// written by others, with compression offered always.
func TestInteropNode(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("Node 20 or later must be installed to run the tests: https://nodejs.org, or apt-get install nodejs")
	}
	for name, compression := range map[string]*websocket.Compression{"plain": nil, "compressing": {}, "compressing all": {MinSize: 1}} {
		t.Run(name, func(t *testing.T) {
			url := serve(t, func(w http.ResponseWriter, r *http.Request) {
				o := &websocket.Options{Subprotocols: []string{"echo"}, Compression: compression}
				err := websocket.Serve(w, r, o, func(c *websocket.Conn, typ websocket.Type, p []byte) {
					if string(p) == "close please" {
						_ = c.Close(4242, "as you wish") // the client tells how it ended
						return
					}
					_ = c.Write(context.Background(), typ, p)
				})
				if err != nil {
					t.Error(err)
				}
			})
			out, err := exec.CommandContext(within(t), node, "--experimental-websocket", "--no-warnings", "testdata/client.mjs", url).CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			var end struct {
				Code       int
				Reason     string
				WasClean   bool
				Echoed     int
				Extensions string
			}
			if err := json.Unmarshal(out, &end); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if end.Code != 4242 || end.Reason != "as you wish" || !end.WasClean || end.Echoed != 16 {
				t.Errorf("the line ended with %+v", end)
			}
			t.Logf("extensions: %q", end.Extensions)
			if strings.Contains(end.Extensions, "permessage-deflate") && compression == nil {
				t.Error("compression was agreed on, though it is off")
			}
		})
	}
}
