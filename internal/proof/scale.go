package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/internal/wire"
	"github.com/switchboard-rt/switchboard/internal/wsconn"
	"github.com/switchboard-rt/switchboard/transport"
)

// scale fills a hub with connections that have everything but a socket: real
// sessions, registry, targets, outboxes and flush workers. What it prints for
// growing crowds should be the same figure again and again.
func scale(args []string) error {
	flags := flag.NewFlagSet("scale", flag.ExitOnError)
	most := flags.Int("n", 1_000_000, "connections in the largest crowd; each before it is a tenth, from 1,000")
	perGroup := flags.Int("group", 100, "members of a group")
	limit := flags.Int64("memory", 5<<30, "what the Go runtime may use, in bytes")
	_ = flags.Parse(args) // ExitOnError
	debug.SetMemoryLimit(*limit)
	t := &table{head: []string{"connections"}}
	for n := 1000; n <= *most; n *= 10 {
		fmt.Fprintln(os.Stderr, "proof: a crowd of", n)
		t.column(strconv.Itoa(n), newCrowd(n, *perGroup).measure())
	}
	return t.print(os.Stdout)
}

// crowd is a hub with n connections.
type crowd struct {
	n, perGroup int
	hub         *switchboard.Hub
	engine      *wire.Engine
	sink        wire.Sink
	conns       []*member
	ids         []string
	ticks       ticks
}

// member is a connection as the sweeper sees it.
type member struct {
	crowd   *crowd
	session transport.Session
	out     *wire.Outbox
}

// ticks is when the sweeper visited whom.
type ticks struct{ n, first, last atomic.Int64 }

func (m *member) Tick(now time.Time) (next time.Time) {
	t := &m.crowd.ticks
	if t.n.Add(1) == 1 {
		t.first.Store(time.Now().UnixNano())
	}
	next, run := m.session.Tick(now)
	if run {
		m.session.Run()
	}
	if t.n.Load()%1000 == 0 {
		t.last.Store(time.Now().UnixNano())
	}
	return next
}

func newCrowd(n, perGroup int) *crowd {
	c := &crowd{n: n, perGroup: perGroup, engine: wire.NewEngine(slog.New(slog.DiscardHandler))}
	c.engine.NoTrim() // collections are measured by themselves
	c.hub = switchboard.NewHub("crowd", &switchboard.Options{Logger: slog.New(slog.DiscardHandler), KeepAliveInterval: time.Hour, ClientTimeout: 3 * time.Hour})
	for i := range n {
		c.ids = append(c.ids, "connection-"+strconv.Itoa(1e9+i))
	}
	c.conns = make([]*member, n)
	return c
}

var hello = []byte(`{"protocol":"json","version":1}` + "\x1e")

// open brings connection i to where its methods may run.
func (c *crowd) open(i int) {
	m := &member{crowd: c, out: c.engine.NewOutbox(nil, nil)}
	peer := &transport.Peer{ConnectionID: c.ids[i], Transport: transport.WebSockets, Path: "/crowd", Context: context.Background()}
	s, err := c.hub.Open(m.out, peer)
	if err != nil {
		panic(err) // the hub takes everybody
	}
	m.session = s
	c.engine.AttachMemory(m.out, wsconn.Framing{}, &c.sink)
	if s.Receive(hello) {
		s.Run()
	}
	c.conns[i] = m
}

// measure brings the crowd through its life.
func (c *crowd) measure() (figures []figure) {
	ctx := context.Background()
	groups := max(1, c.n/c.perGroup)
	group := func(prefix string, i int) switchboard.Group { return c.hub.Group(prefix + strconv.Itoa(i%groups)) }
	note := func(what, format string, args ...any) {
		figures = append(figures, figure{what, fmt.Sprintf(format, args...)})
	}
	each := func(what string, f func(i int)) { note(what, "%s", measure(times(c.n, f)).per(c.n)) }

	empty := heap()
	each("open, handshake included", c.open)
	each("join a group", func(i int) { _ = group("g", i).Add(ctx, c.ids[i]) })
	note("bytes for a connection in one group", "%d", (heap()-empty)/int64(c.n))
	note("one garbage collection, CPU", "%v", measure(runtime.GC).cpu.Round(100*time.Microsecond))

	all, few := c.hub.All(), c.perGroup
	c.send(all, c.n)
	sent := measure(times(5, func(int) { c.send(all, c.n) }))
	note("a broadcast, until all have it", "%v", (sent.wall / 5).Round(10*time.Microsecond))
	note("a broadcast, each delivery", "%s", sent.per(5*c.n))
	_, before, _ := c.sink.Totals()
	sent = measure(func() { c.sendMany(20, 20*c.n, func(int) switchboard.Target { return all }) })
	_, after, _ := c.sink.Totals()
	note("20 broadcasts at once, each delivery", "%s", sent.per(20*c.n))
	note("20 broadcasts at once, messages in a write", "%.1f", float64(20*c.n)/float64(after-before))
	sent = measure(func() { c.sendMany(groups, groups*few, func(i int) switchboard.Target { return group("g", i).Target }) })
	note("a message to every group, each delivery", "%s", sent.per(groups*few))

	each("join a second group", func(i int) { _ = group("h", i).Add(ctx, c.ids[i]) })
	each("leave it", func(i int) { _ = group("h", i).Remove(ctx, c.ids[i]) })
	joined := measure(times(groups, func(i int) { // the group's list is made anew for each message
		_ = group("g", i).Remove(ctx, c.ids[i])
		_ = group("g", i).Send(ctx, "Receive", "a message")
		_ = group("g", i).Add(ctx, c.ids[i])
		_ = group("g", i).Send(ctx, "Receive", "a message")
	}))
	note("leave, message to the group, join, message: each delivery", "%s", joined.per(groups*(2*few-1)))
	joined = measure(times(5, func(i int) { // the list of all is made anew for each broadcast
		c.leave(i)
		c.send(all, c.n-1)
		c.open(i)
		c.send(all, c.n)
	}))
	note("one leaves, broadcast, one comes, broadcast: each delivery", "%s", joined.per(5*(2*c.n-1)))
	c.sweep(note)
	each("all leave", c.leave)
	_ = c.engine.Wait(ctx) // ctx has no end
	return figures
}

// times makes a loop of f.
func times(n int, f func(i int)) func() {
	return func() {
		for i := range n {
			f(i)
		}
	}
}

// leave ends connection i as the loss of its socket does.
func (c *crowd) leave(i int) {
	m := c.conns[i]
	m.out.Kill(nil)
	if m.session.End(nil) {
		m.session.Run()
	}
}

// send sends to n receivers and waits until they have it.
func (c *crowd) send(to switchboard.Target, n int) {
	c.sendMany(1, n, func(int) switchboard.Target { return to })
}

// sendMany sends to several targets, then waits for their deliveries.
func (c *crowd) sendMany(n, deliveries int, to func(i int) switchboard.Target) {
	before, _, _ := c.sink.Totals()
	for i := range n {
		if err := to(i).Send(context.Background(), "Receive", "a message of the usual length"); err != nil {
			panic(err) // a string can be encoded
		}
	}
	c.wait(before + int64(deliveries))
}

func (c *crowd) wait(frames int64) {
	for {
		if now, _, _ := c.sink.Totals(); now >= frames {
			return
		}
		time.Sleep(20 * time.Microsecond) // CPU is what is measured, so nothing spins
	}
}

// sweep has the sweeper visit everybody, then looks at seconds in which nothing is due.
func (c *crowd) sweep(note func(what, format string, args ...any)) {
	watches := make([]*wire.Watch, c.n)
	for i, m := range c.conns {
		watches[i] = c.engine.Watch(m)
	}
	for c.ticks.n.Load() < int64(c.n) {
		time.Sleep(10 * time.Millisecond)
	}
	note("a sweep that asks everybody, each", "%.2f µs", float64(c.ticks.last.Load()-c.ticks.first.Load())/1e3/float64(c.n))
	quiet := measure(func() { time.Sleep(3 * time.Second) })
	note("a sweep in which nothing is due, CPU", "%v", (quiet.cpu / 3).Round(10*time.Microsecond))
	for _, w := range watches {
		w.Stop()
	}
}
