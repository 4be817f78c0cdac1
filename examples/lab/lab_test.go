package lab

import (
	"fmt"
	"math"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard/examples/demo"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func TestATapeCountsByOneAtItsRate(t *testing.T) {
	s, now := newTapes(noon), noon
	for _, rate := range rates {
		if _, err := s.listen(choice{rate, 0}, nil, now); err != nil {
			t.Fatal(err)
		}
	}
	last := map[choice]int64{}
	for range 20 * 10 {
		now = now.Add(beat)
		list, awake := s.beat(now)
		if !awake {
			t.Fatal("it sleeps while somebody listens")
		}
		for _, d := range list {
			if d.msg.N != last[d.to]+1 {
				t.Fatalf("%v: %d follows %d", d.to, d.msg.N, last[d.to])
			}
			last[d.to] = d.msg.N
		}
	}
	for _, rate := range rates {
		if got := last[choice{rate, 0}]; got != int64(10*rate) {
			t.Errorf("%d messages in 10 s at %d a second", got, rate)
		}
	}
}

func TestWhoWasAwayCanAskForAsMuchAsIsRemembered(t *testing.T) {
	s, now, c := newTapes(noon), noon, choice{20, 10000}
	at, err := s.listen(c, nil, now)
	if err != nil || at.Last != 0 {
		t.Fatal(at, err)
	}
	for range 20 * 100 {
		now = now.Add(beat)
		s.beat(now)
	}
	var got []message
	for after := int64(0); ; after = got[len(got)-1].N {
		at, list, err := s.since(c, after, now)
		if err != nil {
			t.Fatal(err)
		}
		if len(list)*c.Size > pageBytes {
			t.Fatalf("one answer holds %d bytes", len(list)*c.Size)
		}
		if len(list) == 0 {
			if at.Last != 2000 {
				t.Errorf("the place is %+v", at)
			}
			break
		}
		got = append(got, list...)
	}
	if want := 20 * int(memory/time.Second); len(got) != want || got[0].N != int64(2001-want) {
		t.Errorf("%d messages from %d, want %d", len(got), got[0].N, want)
	}
}

func TestATapeThatNobodyHearsRunsOnForAWhileAndThenSleeps(t *testing.T) {
	s, c := newTapes(noon), choice{1, 0}
	_, _ = s.listen(c, nil, noon)
	s.leave(c, noon)
	if _, awake := s.beat(noon.Add(patience - 1)); !awake {
		t.Error("who was cut off finds nothing to catch up with")
	}
	if _, awake := s.beat(noon.Add(patience)); awake {
		t.Error("it never sleeps")
	}
	if _, _, err := s.since(c, 0, noon.Add(2*patience)); err != nil {
		t.Fatal(err)
	}
	if _, awake := s.beat(noon.Add(2*patience + 1)); !awake {
		t.Error("a poll does not wake it")
	}
}

func TestRefusals(t *testing.T) {
	s := newTapes(noon)
	for _, c := range []choice{{0, 0}, {-1, 0}, {math.MaxInt, 0}, {5, 999}, {5, 1 << 30}} {
		if _, err := s.listen(c, nil, noon); err == nil {
			t.Errorf("%v can be heard", c)
		}
		if _, _, err := s.since(c, 0, noon); err == nil {
			t.Errorf("%v can be asked for", c)
		}
	}
	for _, after := range []int64{math.MinInt64, -1, math.MaxInt64 - 1, math.MaxInt64} {
		if _, list, err := s.since(choice{5, 0}, after, noon); err != nil || len(list) != 0 {
			t.Errorf("after %d: %v, %v", after, list, err)
		}
	}
	p := newPace()
	refused := 0
	for range 10_000 {
		if p.take(noon) != nil {
			refused++
		}
	}
	if refused != 10_000-burst || p.take(noon.Add(time.Second)) != nil {
		t.Errorf("%d of 10,000 calls at once are refused", refused)
	}
}

func TestPollAnswersBadQuestionsPolitely(t *testing.T) {
	s := newServer(demo.Env{}.Options())
	for query, want := range map[string]int{
		"rate=5&size=0":           200,
		"rate=5&size=0&after=3":   200,
		"":                        400,
		"rate=NaN&size=0":         400,
		"rate=5&size=0&after=1e9": 400,
		"rate=7&size=0":           400,
		"rate=5&size=0&after=9999999999999999999999":                     400,
		fmt.Sprintf("rate=5&size=%s", strings.Repeat("9", 100_000)):      400,
		"rate=5&size=0&after=%3Cscript%3Ealert(1)%3C%2Fscript%3E":        400,
		"rate=5&size=0&after=-9223372036854775808&_=what%20is%20this%3F": 400,
	} {
		w := httptest.NewRecorder()
		s.poll(w, httptest.NewRequest("GET", "/lab/poll?"+query, nil))
		if w.Code != want {
			t.Errorf("%.60q: %d, want %d", query, w.Code, want)
		}
		if strings.Contains(w.Body.String(), "<script>") {
			t.Errorf("%q comes back as it was", query)
		}
	}
}

func TestRunEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(demo.Env{}.Options())
		go s.run()
		_, _, _ = s.tapes.since(choice{20, 0}, 0, time.Now())
		s.rouse()
		time.Sleep(time.Second)
		synctest.Wait()
		if n := s.sent.Load(); n < 19 || n > 20 {
			t.Errorf("%d messages in a second", n)
		}
		for range 2 { // a second time does nothing
			if err := s.shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
}
