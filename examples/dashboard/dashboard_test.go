package dashboard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"math"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard/examples/demo"
	"github.com/switchboard-rt/switchboard/websocket"
	"go.uber.org/goleak"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func TestADeviceSaysWhoItIsAndThenSends(t *testing.T) {
	d, l := newDevices(), newLine()
	if hello, err := d.take(l, []byte(`{"name":" kettle ","unit":"°C"}`), noon); err != nil || !hello {
		t.Fatal(hello, err)
	}
	at := float64(noon.UnixMilli())
	if hello, err := d.take(l, fmt.Appendf(nil, `{"value":21.5,"at":%f}`, at-3), noon); err != nil || hello {
		t.Fatal(hello, err)
	}
	got := d.list()
	if len(got) != 1 || got[0].Name != "kettle" || got[0].Value != 21.5 || got[0].At != noon.UnixMilli() {
		t.Errorf("%+v", got)
	}
	n, refused, delays := d.totals(noon)
	if n != 1 || refused != 0 || delays[4] != 1 { // 2 to 5 ms
		t.Errorf("%d readings, %d refused, %v", n, refused, delays)
	}
	if name := d.gone(l); name != "kettle" || len(d.list()) != 0 {
		t.Errorf("%q has left, there are %v", name, d.list())
	}
}

func TestBadReadingsAreRefusedAndTheLineGoesOn(t *testing.T) {
	d, l, now := newDevices(), newLine(), noon
	for _, p := range []string{
		``, `x`, `NaN`, `[]`, `{}`, `{"value":1}`, `{"name":""}`, `{"name":"   "}`, `{"name":"a\u202eb"}`, `{"name":"a\u0000b"}`,
		`{"name":"` + strings.Repeat("x", 100) + `"}`, `{"name":"ok","unit":"` + strings.Repeat("x", 100) + `"}`, `{"name":7}`,
	} {
		now = now.Add(time.Second)
		if _, err := d.take(l, []byte(p), now); err == nil {
			t.Errorf("%.40q is a hello", p)
		}
	}
	if _, err := d.take(l, []byte(`{"name":"<script>alert(1)"}`), now); err != nil {
		t.Fatal(err) // a text like any other: pages show it as one
	}
	for _, p := range []string{`{"value":NaN}`, `{"value":1e999}`, `{"value":1e300}`, `{"value":"1"}`, `{"value":null}`, `{"name":"again"}`, "\xff"} {
		now = now.Add(time.Second)
		if _, err := d.take(l, []byte(p), now); err == nil {
			t.Errorf("%q is a reading", p)
		}
	}
	for _, at := range []string{"1e300", "-1e300", "0"} {
		now = now.Add(time.Second)
		if _, err := d.take(l, []byte(`{"value":1,"at":`+at+`}`), now); err != nil {
			t.Error(err)
		}
	}
	if _, _, delays := d.totals(now); add(delays) != 0 {
		t.Errorf("a wrong clock counts: %v", delays)
	}
	refused := 0
	for range 10_000 {
		if _, err := d.take(l, []byte(`{"value":2}`), now); err != nil {
			refused++
		}
	}
	if refused < 10_000-readingsAt {
		t.Errorf("%d of 10,000 readings at once are refused", refused)
	}
}

func TestDevicesAreBounded(t *testing.T) {
	d := newDevices()
	for i := range maxDevices {
		if _, err := d.take(newLine(), fmt.Appendf(nil, `{"name":"d%d"}`, i), noon); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.take(newLine(), []byte(`{"name":"one more"}`), noon); err == nil {
		t.Error("there is no bound")
	}
}

func add(all []int64) (n int64) {
	for _, one := range all {
		n += one
	}
	return n
}

func TestHistogramForgetsAfterAMinute(t *testing.T) {
	var h histogram
	for _, ms := range []float64{-1, math.NaN(), math.Inf(1), 1e9} {
		h.note(noon, ms)
	}
	if got := h.counts(noon); add(got) != 0 {
		t.Errorf("nonsense counts: %v", got)
	}
	for i, ms := range []float64{0, 0.25, 0.26, 7, 500, 501} {
		h.note(noon.Add(time.Duration(i)*time.Second), ms)
	}
	want := []int64{2, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1}
	if got := h.counts(noon.Add(5 * time.Second)); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := add(h.counts(noon.Add(61 * time.Second))); got != 4 {
		t.Errorf("%d durations after 61 s", got)
	}
	if got := add(h.counts(noon.Add(time.Hour))); got != 0 {
		t.Errorf("%d durations after an hour", got)
	}
}

func TestTailFollowsAndNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tail, ctx := newTail(), t.Context()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		for i := range tailLines + 50 {
			tail.add(noon, slog.LevelInfo, fmt.Sprint(i))
		}
		var got []logLine
		slow := make(chan struct{})
		done := make(chan struct{})
		go func() {
			defer close(done)
			for line := range tail.follow(ctx) {
				if got = append(got, line); len(got) == tailLines {
					<-slow
				}
			}
		}()
		synctest.Wait()
		for i := range 10_000 {
			tail.add(noon, slog.LevelInfo, strings.Repeat("é", 300)+fmt.Sprint(i)) // must not block
		}
		close(slow)
		synctest.Wait()
		cancel()
		<-done
		if len(got) != 2*tailLines || got[0].N != 51 || got[len(got)-1].N != tailLines+50+10_000 {
			t.Errorf("%d lines, from %d to %d", len(got), got[0].N, got[len(got)-1].N)
		}
		if text := got[len(got)-1].Text; len(text) > lineBytes+3 || strings.ContainsRune(text, '\ufffd') {
			t.Errorf("a long line is %q", text)
		}
	})
}

func TestTheLogIsCalm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tail := newTail()
		log := tail.logger(quiet())
		for range 1000 {
			log.Info("again", "n", 1)
		}
		if lines, _ := tail.after(0); len(lines) != linesASec || lines[0].Text != "again n=1" {
			t.Errorf("%d lines in a second, %+v", len(lines), lines[0])
		}
		time.Sleep(time.Second)
		log.Info("later")
		lines, _ := tail.after(linesASec)
		if len(lines) != 2 || lines[0].Text != fmt.Sprintf("log: %d lines were left out", 1000-linesASec) {
			t.Errorf("%+v", lines)
		}
	})
}

func chunks(n, size int, end error) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for range n {
			if !yield(make([]byte, size), nil) {
				return
			}
		}
		if end != nil {
			yield(nil, end)
		}
	}
}

func TestUpload(t *testing.T) {
	var told []int64
	tell := func(n int64) { told = append(told, n) }
	r, err := receive(chunks(100, 10_000, nil), tell)
	// sha256sum of 1,000,000 zero bytes
	if err != nil || r.Bytes != 1_000_000 || r.SHA256 != "d29751f2649b32ff572b5e0a9f541ea660a50f94ff0beedfb0b692b924cc8025" {
		t.Errorf("%+v, %v", r, err)
	}
	if len(told) != 4 || told[3] != 1_000_000 {
		t.Errorf("told %v", told)
	}
	if _, err := receive(chunks(3, 1, errors.New("secret text")), tell); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("broken off: %v", err)
	}
	if _, err := receive(chunks(maxUpload/10_000+2, 10_000, nil), tell); err == nil {
		t.Error("there is no bound")
	}
	if r, err := receive(chunks(0, 0, nil), tell); err != nil || r.Bytes != 0 {
		t.Errorf("an empty file: %+v, %v", r, err)
	}
	if got := cutName(strings.Repeat("ü", 1_000_000)); len([]rune(got)) != maxLabel {
		t.Errorf("a long name is %d characters", len([]rune(got)))
	}
}

func TestTheFleetIsOnWhileSomebodyWatches(t *testing.T) {
	defer goleak.VerifyNone(t)
	s := newServer(demo.Env{Log: quiet()})
	web := httptest.NewServer(s)
	defer web.Close()
	if err := s.fleet.want(3, noon); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{-1, maxSimulated + 1, math.MaxInt} {
		if s.fleet.want(n, noon.Add(time.Hour)) == nil {
			t.Errorf("%d devices may be wanted", n)
		}
	}
	if s.fleet.want(5, noon.Add(changeEvery-1)) == nil {
		t.Error("wishes may come at any rate")
	}
	unwatch := s.fleet.watch("ws" + strings.TrimPrefix(web.URL, "http") + "/devices")
	wait(t, func() bool { n, _, _ := s.devices.totals(time.Now()); return len(s.devices.list()) == 3 && n >= 3 })
	v := s.views.begin(time.Now())
	if len(v.List) != 3 || len(v.Past) != 1 || v.Point.Goroutines == 0 || v.Point.Heap == 0 {
		t.Errorf("the view is %+v", v)
	}
	unwatch()
	wait(t, func() bool { return len(s.devices.list()) == 0 })

	// A device of somebody else, there at the end.
	c, _, err := websocket.Dial(t.Context(), web.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Write(t.Context(), websocket.Text, []byte(`{"oops`))
	if _, p, err := c.Read(t.Context()); err != nil || !strings.Contains(string(p), "a message is JSON") {
		t.Errorf("%s, %v", p, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.shutdown(t.Context()) }()
	if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("the end is %v", err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// wait asks until it is so, for as long as the test may run.
func wait(t *testing.T, so func() bool) {
	t.Helper()
	for from := time.Now(); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Since(from) > time.Minute {
			t.Fatal("it does not come to be")
		}
	}
}
