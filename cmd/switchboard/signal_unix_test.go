//go:build unix

package main

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard/websocket"
)

// process is a server in a process of its own.
type process struct {
	*exec.Cmd
	t   *testing.T
	out *bufio.Scanner
	url string
}

// start runs serve behind a shell's words, which may end in "exec".
func start(t *testing.T, shell string, args ...string) *process {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args = append([]string{"-c", shell + ` "$0" "$@"`, program, "serve", "--addr", "127.0.0.1:0", "--admin-addr", "none", "--gallery=false", "--bench"}, args...)
	p := &process{Cmd: exec.CommandContext(t.Context(), "/bin/sh", args...), t: t}
	p.Env = append(slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, envPrefix) }), beCommand+"=1")
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill(); _ = p.Wait() }) // it has ended, unless the test failed
	p.out = bufio.NewScanner(out)
	_, p.url, _ = strings.Cut(p.says("Switchboard is listening on "), " on ")
	return p
}

// says reads its output as far as a line that begins so.
func (p *process) says(begin string) string {
	p.t.Helper()
	for p.out.Scan() {
		if strings.HasPrefix(p.out.Text(), begin) {
			return p.out.Text()
		}
	}
	p.t.Fatalf("it ended and never said %q", begin)
	return ""
}

// busy is a client with a call that runs for longer than any test.
func (p *process) busy() *websocket.Conn {
	p.t.Helper()
	c, _, err := websocket.Dial(p.t.Context(), p.url+benchPath, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	// In one message: the call is there when the handshake is answered.
	if err := c.Write(p.t.Context(), websocket.Text, []byte(`{"protocol":"json","version":1}`+"\x1e"+`{"type":1,"invocationId":"1","target":"Wait","arguments":[60000]}`+"\x1e")); err != nil {
		p.t.Fatal(err)
	}
	if _, answer, err := c.Read(p.t.Context()); err != nil || string(answer) != "{}\x1e" {
		p.t.Fatalf("the handshake: %q %v", answer, err)
	}
	return c
}

// drains waits until new clients are refused.
func (p *process) drains() {
	p.t.Helper()
	for {
		res, err := http.Get(p.url + "/readyz")
		if err != nil {
			p.t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode == http.StatusServiceUnavailable {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// TestSecondSignal ends a drain that a client makes last, at once and with a
// status that says so.
func TestSecondSignal(t *testing.T) {
	for _, c := range []struct {
		shell         string
		first, second os.Signal
		wait          string // --drain-wait
		status        int
	}{
		{"exec", syscall.SIGINT, syscall.SIGINT, "0s", 130},
		{"exec", syscall.SIGTERM, syscall.SIGTERM, "0s", 143},
		{"exec", syscall.SIGTERM, syscall.SIGINT, "1m", 130},
		{"trap '' INT; exec", syscall.SIGINT, syscall.SIGINT, "0s", 130}, // as "switchboard serve &" in a script has it
	} {
		t.Run(fmt.Sprint(c.shell, " ", c.first, " ", c.second, " ", c.wait), func(t *testing.T) {
			t.Parallel()
			p := start(t, c.shell, "--drain-time", "1m", "--drain-wait", c.wait)
			client := p.busy()
			p.signal(c.first)
			p.says("Shutting down.")
			p.drains()
			from := time.Now()
			p.signal(c.second)
			if _, _, err := client.Read(t.Context()); err == nil {
				t.Error("the client got something instead of the end")
			}
			err := p.Wait()
			exit, ok := errors.AsType[*exec.ExitError](err)
			if !ok || exit.ExitCode() != c.status {
				t.Errorf("it ended with %v, want the status %d", err, c.status)
			}
			if took := time.Since(from); took > 20*time.Second { // the drain would take 45 s
				t.Errorf("it took %v", took)
			}
		})
	}
}
