package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// cost is what a piece of work took.
type cost struct {
	wall, cpu time.Duration
	allocs    uint64
}

// measure runs f. The CPU time is the whole process's: workers and collector included.
func measure(f func()) cost {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, start := cpuTime(), time.Now()
	f()
	c := cost{wall: time.Since(start), cpu: cpuTime() - cpu}
	runtime.ReadMemStats(&after)
	c.allocs = after.Mallocs - before.Mallocs
	return c
}

// per divides a cost among n.
func (c cost) per(n int) string {
	return fmt.Sprintf("%.2f µs, %.2f", c.cpu.Seconds()*1e6/float64(n), float64(c.allocs)/float64(n))
}

// heap is what is in use on the heap and in stacks, after a collection.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what pools held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// resident is the process's memory as the kernel counts it, in bytes; 0 if it does not say.
func resident() (bytes int64) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }()
	for s := bufio.NewScanner(f); s.Scan(); {
		if rest, ok := strings.CutPrefix(s.Text(), "VmRSS:"); ok {
			var kb int64
			_, _ = fmt.Sscan(rest, &kb) // 0 if it is no number
			return kb << 10
		}
	}
	return 0
}

// figure is one line of a column.
type figure struct{ what, is string }

// table is what a command prints: Markdown, to be read and to be kept.
type table struct {
	head []string
	rows [][]string
}

// column adds a column whose lines are the same in every one.
func (t *table) column(head string, figures []figure) {
	if t.rows == nil {
		for _, f := range figures {
			t.rows = append(t.rows, []string{f.what})
		}
	}
	t.head = append(t.head, head)
	for i, f := range figures {
		t.rows[i] = append(t.rows[i], f.is)
	}
}

func (t *table) print(w io.Writer) error {
	for _, row := range append([][]string{t.head, slices.Repeat([]string{"---"}, len(t.head))}, t.rows...) {
		if _, err := fmt.Fprintln(w, "| "+strings.Join(row, " | ")+" |"); err != nil {
			return err
		}
	}
	return nil
}
