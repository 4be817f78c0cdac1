package limit

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-rt/switchboard/transport"
)

func TestConnectionsPerAddress(t *testing.T) {
	l := limiter(t, Options{ConnectionsPerAddress: 2})
	for _, c := range []struct{ one, same, other string }{
		{"192.0.2.1:1000", "[::ffff:192.0.2.1]:2000", "192.0.2.2:1000"},
		{"198.51.100.1", "198.51.100.1:2000", "198.51.100.2"}, // some middleware leaves the port out
		{"[2001:db8:0:1::1]:1000", "[2001:db8:0:1:ffff::9]:1000", "[2001:db8:0:2::1]:1000"},
	} {
		first, err := l.Admit(from(c.one), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Admit(from(c.same), nil); err != nil {
			t.Fatal(err)
		}
		_, err = l.Admit(from(c.same), nil)
		wantRefused(t, err, connectionsPerAddress, 429)
		if _, err := l.Admit(from(c.other), nil); err != nil {
			t.Errorf("another network: %v", err)
		}
		first()
		if _, err := l.Admit(from(c.one), nil); err != nil {
			t.Errorf("after one has gone: %v", err)
		}
	}
	for range 10 {
		for _, near := range []string{"127.0.0.1:5", "[::1]:5", "127.0.0.1", "@", ""} {
			if _, err := l.Admit(from(near), nil); err != nil {
				t.Errorf("%q: %v", near, err)
			}
		}
	}
}

func TestConnectionsPerUser(t *testing.T) {
	l := limiter(t, Options{ConnectionsPerUser: 1, ConnectionsPerAddress: 3})
	ann := &transport.User{ID: "ann"}
	first, err := l.Admit(from("192.0.2.1:1"), ann)
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.Admit(from("192.0.2.9:1"), ann)
	wantRefused(t, err, connectionsPerUser, 429)
	for range 5 { // what is refused holds no place of its address's
		_, _ = l.Admit(from("192.0.2.1:1"), ann)
	}
	if _, err := l.Admit(from("192.0.2.1:1"), &transport.User{ID: "bob"}); err != nil {
		t.Error(err)
	}
	first()
	if _, err := l.Admit(from("192.0.2.1:1"), ann); err != nil {
		t.Error(err)
	}
}

func TestAccepts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, Options{AcceptsPerAddress: Rate{1, 2}, Accepts: Rate{2, 5}})
		admit := func(address string) error {
			release, err := l.Admit(from(address), nil)
			if err == nil {
				release()
			}
			return err
		}
		for range 2 {
			if err := admit("192.0.2.1:1"); err != nil {
				t.Fatal(err)
			}
		}
		wantRefused(t, admit("192.0.2.1:1"), acceptsPerAddress, 429) // leaving at once does not help
		for i := range 3 {
			if err := admit(fmt.Sprintf("192.0.2.%d:1", 10+i)); err != nil {
				t.Fatal(err)
			}
		}
		wantRefused(t, admit("192.0.2.20:1"), accepts, 503)
		time.Sleep(time.Second)
		if err := admit("192.0.2.1:1"); err != nil {
			t.Errorf("a second later: %v", err)
		}
	})
}

// TestAttackAddresses: the addresses of a scan must not stay in memory.
func TestAttackAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, Options{Accepts: Rate{PerSecond: Off}})
		for i := range 50_000 {
			release, err := l.Admit(from(fmt.Sprintf("[2001:db8:%x:%x::1]:1", i>>16, i&0xffff)), nil)
			if err != nil {
				t.Fatal(err)
			}
			release()
			if i%100 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
		if n := len(l.addresses.entries); n > 5_000 {
			t.Errorf("%d addresses are kept", n)
		}
	})
}

func TestDryRun(t *testing.T) {
	l := limiter(t, Options{ConnectionsPerAddress: 1, ConnectionsPerUser: 1, AcceptsPerAddress: Rate{0.001, 1}, Accepts: Rate{0.001, 1}, LongPolling: 1,
		CallsPerConnection: Rate{0.001, 1}, DryRun: true})
	for range 3 {
		release, err := l.Admit(from("192.0.2.1:1"), &transport.User{ID: "ann"})
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		if _, err := l.Begin(transport.LongPolling); err != nil {
			t.Fatal(err)
		}
	}
	for _, which := range []Which{connectionsPerAddress, connectionsPerUser, acceptsPerAddress, accepts, longPolling} {
		if n := l.count(which); n != 2 {
			t.Errorf("%v was counted %d times", which, n)
		}
	}
	l.Exceeded(func(name string, _ uint64, enforced bool) {
		if enforced {
			t.Errorf("%s says that it refuses", name)
		}
	})
}
