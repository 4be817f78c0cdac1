package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"time"
)

// heard is what a group of reading clients tells of a storm.
type heard struct {
	Messages      int
	P50, P99, Max time.Duration
}

func summary(latencies []time.Duration) heard {
	if len(latencies) == 0 {
		return heard{}
	}
	slices.Sort(latencies)
	at := func(part float64) time.Duration { return latencies[int(part*float64(len(latencies)-1))] }
	return heard{Messages: len(latencies), P50: at(0.5), P99: at(0.99), Max: at(1)}
}

// herd is a set of clients, of which some read and some never do.
type herd struct {
	all     []*client
	readers sync.WaitGroup
	mu      sync.Mutex
	heard   []time.Duration
}

// gather connects reading and stalled clients.
func gather(addr string, secure bool, reading, stalled int) (*herd, error) {
	h := &herd{all: make([]*client, reading+stalled)}
	failed := make(chan error, 1)
	var wg sync.WaitGroup
	for w := range 16 {
		wg.Go(func() {
			for i := w; i < len(h.all); i += 16 {
				c, err := dial(addr, secure)
				if err != nil {
					select {
					case failed <- err:
					default:
					}
					return
				}
				h.all[i] = c
			}
		})
	}
	wg.Wait()
	select {
	case err := <-failed:
		h.leave()
		return nil, err
	default:
	}
	for _, c := range h.all[:reading] {
		h.readers.Go(func() { h.listen(c) })
	}
	return h, nil
}

func (h *herd) listen(c *client) {
	defer func() { _ = c.nc.Close() }() // the other side waits for it
	var mine []time.Duration
	for {
		t, err := c.nextTick()
		if err != nil {
			break
		}
		mine = append(mine, time.Since(t.sent))
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.heard = append(h.heard, mine...)
}

// leave hangs up and tells what was heard.
func (h *herd) leave() heard {
	for _, c := range h.all {
		if c != nil {
			_ = c.nc.Close()
		}
	}
	h.readers.Wait()
	return summary(h.heard)
}

// clients is the other process of a measurement: it connects, says ready, and
// leaves with a summary when its input ends.
func clients(args []string) error {
	flags := flag.NewFlagSet("clients", flag.ExitOnError)
	addr := flags.String("addr", "", "the server's address")
	secure := flags.Bool("tls", false, "speak TLS")
	reading := flags.Int("reading", 0, "clients that read")
	stalled := flags.Int("stalled", 0, "clients that do not")
	_ = flags.Parse(args) // ExitOnError
	h, err := gather(*addr, *secure, *reading, *stalled)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin) // until the other process has had enough, or is gone
	return json.NewEncoder(os.Stdout).Encode(h.leave())
}

// process is a herd in a process of its own.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startClients(addr string, secure bool, reading, stalled int) (*process, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(exe, "clients", "-addr", addr, "-tls="+strconv.FormatBool(secure),
		"-reading", strconv.Itoa(reading), "-stalled", strconv.Itoa(stalled))}
	p.cmd.Stderr = os.Stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if _, err := p.out.ReadString('\n'); err != nil {
		return nil, fmt.Errorf("the clients do not come: %w", err)
	}
	return p, nil
}

// leave ends the process and returns what its clients heard.
func (p *process) leave() (h heard, err error) {
	_ = p.in.Close() // its end shows whether it noticed
	if err = json.NewDecoder(p.out).Decode(&h); err != nil {
		return h, err
	}
	return h, p.cmd.Wait()
}
