// Package transcript plays text files of what clients say, frame by frame, to
// a hub behind an endpoint, and compares what the server answers with what the
// file says it does. Time is a synctest bubble's. To write the answers anew:
//
//	go test ./interop/transcript -update
package transcript

import (
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/internal/testio"
	"github.com/switchboard-rt/switchboard/transport"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "write the servers' answers into the transcripts")

func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got string
			synctest.Test(t, func(t *testing.T) { got = play(t, string(want)) })
			switch {
			case got == string(want):
			case *update:
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			default:
				t.Errorf("%s: the server answered\n%s", file, got)
			}
		})
	}
}

// player is one transcript being played.
type player struct {
	t       *testing.T
	hub     *switchboard.Hub
	door    *endpoint.Handler
	token   string
	sockets map[string]*socket
	pipes   *testio.Pipes
}

// answer is a line of the server's: "1 <- ...".
var answer = regexp.MustCompile(`^\w+ <- `)

// play returns the transcript with the answers that came. Lines with a hash
// are comments; see do for the others.
func play(t *testing.T, script string) string {
	p := &player{t: t, sockets: map[string]*socket{}, pipes: testio.NewPipes()}
	var out strings.Builder
	for line := range strings.Lines(script) {
		line = strings.TrimRight(line, "\n")
		if answer.MatchString(line) {
			continue
		}
		out.WriteString(line + "\n")
		if line != "" && !strings.HasPrefix(line, "#") {
			p.do(line)
			synctest.Wait()
			out.WriteString(p.collect())
		}
	}
	p.end()
	return out.String()
}

// do obeys one line:
//
//	hub LIMIT      start the server; the hub keeps LIMIT bytes for each client
//	open NAME      a WebSocket with the id of the one connection
//	NAME -> TEXT   the client sends TEXT and a separator
//	cut NAME       the network breaks
//	close NAME     the client sends a close frame
//	wait DURATION
//
// The sweeper works at whole seconds; let other things happen between them, so
// that their order is certain.
func (p *player) do(line string) {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "hub":
		limit, _ := strconv.Atoi(rest)
		p.start(limit)
	case "open":
		p.open(rest)
	case "cut":
		_ = p.sockets[rest].nc.Close()
	case "close":
		p.sockets[rest].send(transport.OpClose, "")
	case "wait":
		d, err := time.ParseDuration(rest)
		if err != nil {
			p.t.Fatal(err)
		}
		time.Sleep(d)
	default:
		text, ok := strings.CutPrefix(rest, "-> ")
		if !ok || p.sockets[word] == nil {
			p.t.Fatalf("what is %q?", line)
		}
		p.sockets[word].send(transport.OpText, text+"\x1e")
	}
}

func (p *player) start(limit int) {
	p.hub = newHub(limit)
	p.door = endpoint.New(p.hub, &endpoint.Options{StatefulReconnect: true, Logger: slog.New(slog.DiscardHandler)})
	server := &http.Server{Handler: p.door, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.Serve(p.pipes) }) // it ends by Close
	p.t.Cleanup(func() {
		_ = server.Close()
		wg.Wait()
	})
	w := httptest.NewRecorder()
	p.door.ServeHTTP(w, httptest.NewRequest("POST", "/hub/negotiate?negotiateVersion=1&useStatefulReconnect=true", nil))
	_, rest, _ := strings.Cut(w.Body.String(), `"connectionToken":"`)
	p.token, _, _ = strings.Cut(rest, `"`)
}

// end shuts the server down and checks that nothing waits for anybody.
func (p *player) end() {
	from := time.Now()
	for _, s := range p.sockets {
		_ = s.nc.Close()
	}
	for _, shutdown := range []error{p.hub.Shutdown(p.t.Context()), p.door.Shutdown(p.t.Context())} {
		if shutdown != nil {
			p.t.Error(shutdown)
		}
	}
	if d := time.Since(from); d > time.Second {
		p.t.Errorf("the shutdown took %v", d)
	}
}

func (p *player) collect() string {
	names := make([]string, 0, len(p.sockets))
	for name := range p.sockets {
		names = append(names, name)
	}
	slices.Sort(names)
	var out strings.Builder
	for _, name := range names {
		for _, line := range p.sockets[name].take() {
			fmt.Fprintf(&out, "%s <- %s\n", name, line)
		}
	}
	return out.String()
}
