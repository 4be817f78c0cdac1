package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"

	"github.com/switchboard-rt/switchboard/endpoint"
)

// idle measures what an idle hub connection costs the server's process.
func idle(args []string) error {
	flags := flag.NewFlagSet("idle", flag.ExitOnError)
	n := flags.Int("n", 8000, "connections")
	secure := flags.Bool("tls", false, "under TLS")
	driver := flags.String("driver", "auto", "event, goroutine, stream or auto")
	profile := flags.String("profile", "", "a file for a profile of the heap with all of them there")
	_ = flags.Parse(args) // ExitOnError
	if *profile != "" {
		runtime.MemProfileRate = 512
	}
	s, err := newServer(endpoint.Options{Driver: *driver}, *secure)
	if err != nil {
		return err
	}
	const before = 500 // so that what is made once is made
	first, err := startClients(s.addr, *secure, 0, before)
	if err != nil {
		return err
	}
	if err := s.await(before); err != nil {
		return err
	}
	emptyHeap := heap()
	debug.FreeOSMemory()
	emptyResident := resident()
	rest, err := startClients(s.addr, *secure, 0, *n)
	if err != nil {
		return err
	}
	if err := s.await(before + *n); err != nil {
		return err
	}
	each := func(bytes int64) string { return fmt.Sprintf("%.2f KB", float64(bytes)/float64(*n)/1024) }
	t := &table{head: []string{"of each of " + fmt.Sprint(*n) + " idle connections"}}
	figures := []figure{{"resident, as they came", each(resident() - emptyResident)}}
	debug.FreeOSMemory()
	figures = append(figures,
		figure{"resident, after a collection", each(resident() - emptyResident)},
		figure{"heap and stacks, after a collection", each(heap() - emptyHeap)})
	if err := writeHeap(*profile); err != nil {
		return err
	}
	t.column(fmt.Sprintf("driver %s, TLS %t", *driver, *secure), figures)
	for _, p := range []*process{first, rest} {
		if _, err := p.leave(); err != nil {
			return err
		}
	}
	if err := s.close(); err != nil {
		return err
	}
	return t.print(os.Stdout)
}

func writeHeap(file string) error {
	if file == "" {
		return nil
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("heap").WriteTo(f, 0), f.Close())
}
