package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/transport"
)

// storm is a hub that broadcasts without pause.
type storm struct {
	policy   string
	messages int
	payload  int           // bytes of each message
	every    time.Duration // between messages

	healthy, stalled int
}

var policies = map[string]transport.SlowPolicy{
	"disconnect": transport.Disconnect, "newest": transport.DropNewest, "oldest": transport.DropOldest,
	"latest": transport.Disconnect, // but messages replace each other
}

// broadcast sends message n to all.
func (o *storm) broadcast(hub *switchboard.Hub, n int) error {
	to := hub.All()
	if o.policy == "latest" {
		to = to.Latest("tick")
	}
	return to.Send(context.Background(), "Tick", n, time.Now().UnixNano(), strings.Repeat("x", o.payload))
}

// blow broadcasts all of the storm's messages and returns the most heap that
// was in use meanwhile.
func (o *storm) blow(hub *switchboard.Hub) (peak uint64, err error) {
	clock := time.NewTicker(o.every)
	defer clock.Stop()
	for n := range o.messages {
		<-clock.C
		if err := o.broadcast(hub, n); err != nil {
			return peak, err
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak = max(peak, m.HeapAlloc)
	}
	return peak, nil
}

// run has the storm blow over clients in a process of their own.
func (o *storm) run(stalled int) (figures []figure, err error) {
	s, err := newServer(endpoint.Options{SlowConsumers: policies[o.policy]}, false)
	if err != nil {
		return nil, err
	}
	p, err := startClients(s.addr, false, o.healthy, stalled)
	if err != nil {
		return nil, err
	}
	if err := s.await(o.healthy + stalled); err != nil {
		return nil, err
	}
	before, cpu, start := heap(), cpuTime(), time.Now()
	peak, err := o.blow(s.hub)
	if err != nil {
		return nil, err
	}
	cpu = cpuTime() - cpu
	lasted := time.Since(start)
	time.Sleep(500 * time.Millisecond) // the last ones arrive; what does not counts as missing
	left := s.hub.Len()
	h, err := p.leave()
	if err != nil {
		return nil, err
	}
	ms := func(d time.Duration) string { return fmt.Sprintf("%.1f ms", d.Seconds()*1000) }
	return []figure{
		{"delivered to the healthy", fmt.Sprintf("%.2f %%", 100*float64(h.Messages)/float64(o.messages*o.healthy))},
		{"half of them within", ms(h.P50)},
		{"99 % within", ms(h.P99)},
		{"the last within", ms(h.Max)},
		{"the server's CPU", fmt.Sprintf("%.0f %%", 100*cpu.Seconds()/lasted.Seconds())},
		{"most heap in use above before", fmt.Sprintf("%d MB", (int64(peak)-before)/1e6)},
		{"still connected in the end", fmt.Sprint(left)},
	}, s.close()
}

// slow shows what stalled readers cost the healthy ones.
func slow(args []string) error {
	o := &storm{}
	flags := flag.NewFlagSet("slow", flag.ExitOnError)
	flags.StringVar(&o.policy, "policy", "", "disconnect, newest, oldest or latest; default: one after the other")
	flags.IntVar(&o.healthy, "healthy", 1000, "clients that read")
	flags.IntVar(&o.stalled, "stalled", 1000, "clients that do not")
	flags.IntVar(&o.payload, "payload", 8<<10, "bytes of a message")
	flags.DurationVar(&o.every, "every", 50*time.Millisecond, "between messages")
	lasts := flags.Duration("lasts", 15*time.Second, "of each run")
	_ = flags.Parse(args) // ExitOnError
	o.messages = int(*lasts / o.every)
	t := &table{head: []string{fmt.Sprintf("%d healthy clients", o.healthy)}}
	run := func(name string, stalled int) error {
		fmt.Fprintln(os.Stderr, "proof:", name)
		figures, err := o.run(stalled)
		t.column(name, figures)
		return err
	}
	chosen := []string{"disconnect", "newest", "oldest", "latest"}
	if o.policy != "" {
		chosen = []string{o.policy}
	}
	if err := run("alone", 0); err != nil {
		return err
	}
	for _, o.policy = range chosen {
		if _, ok := policies[o.policy]; !ok {
			return fmt.Errorf("there is no policy %q", o.policy)
		}
		if err := run(fmt.Sprintf("beside %d stalled: %s", o.stalled, o.policy), o.stalled); err != nil {
			return err
		}
	}
	return t.print(os.Stdout)
}
