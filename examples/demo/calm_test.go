package demo

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestCalmJoinsManyReasons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		from := time.Now()
		c := NewCalm(time.Second, func() { at = append(at, time.Since(from)) })
		for range 100 {
			c.Ask()
		}
		synctest.Wait()
		if len(at) != 1 || at[0] != 0 {
			t.Fatalf("the first run is not at once: %v", at)
		}
		for range 50 {
			time.Sleep(100 * time.Millisecond)
			c.Ask()
		}
		synctest.Wait()
		if len(at) != 6 {
			t.Errorf("in 5 s of asking it ran %d times: %v", len(at), at)
		}
		for i := 1; i < len(at); i++ {
			if at[i]-at[i-1] < time.Second {
				t.Errorf("run %d came %v after the last one", i, at[i]-at[i-1])
			}
		}
		c.Ask()
		if err := c.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		ran := len(at)
		c.Ask()
		time.Sleep(time.Minute)
		if len(at) != ran {
			t.Error("it ran after its end")
		}
	})
}
