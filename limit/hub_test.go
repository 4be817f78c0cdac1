package limit

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// TestCalls: calls beyond a limit are answered with an error, in order, and the connection goes on.
func TestCalls(t *testing.T) {
	for which, o := range map[Which]struct {
		o  Options
		ho *HubOptions
	}{
		callsPerConnection: {Options{CallsPerConnection: Rate{0.001, 2}}, nil},
		callsPerUser:       {Options{CallsPerUser: Rate{0.001, 2}}, nil},
		callsPerHub:        {Options{}, &HubOptions{Calls: Rate{0.001, 2}}},
		callsPerMethod:     {Options{}, &HubOptions{Methods: map[string]MethodOptions{"Echo": {Calls: Rate{0.001, 2}}}}},
	} {
		t.Run(which.String(), func(t *testing.T) {
			s := newSite(t, o.o, o.ho)
			c, err := s.dial()
			if err != nil {
				t.Fatal(err)
			}
			const call = `{"type":1,"invocationId":"1","target":"echo","arguments":["a"]}`
			for range 2 {
				if got := s.say(c, call); !strings.Contains(got, `"result":"a"`) {
					t.Fatal(got)
				}
			}
			if got := s.say(c, call); !strings.Contains(got, "the limit "+which.String()+" is reached") {
				t.Error(got)
			}
			if n := s.l.count(which); n != 1 {
				t.Errorf("counted %d times", n)
			}
			if which == callsPerMethod { // others are free
				if got := s.say(c, `{"type":1,"invocationId":"2","target":"Join","arguments":["g"]}`); strings.Contains(got, "error") {
					t.Error(got)
				}
			}
		})
	}
}

// TestBytes: bytes beyond a limit end the connection with a Close that lets it come back.
func TestBytes(t *testing.T) {
	s := newSite(t, Options{BytesPerConnection: Rate{1, minByteBurst}}, nil)
	c, err := s.dial()
	if err != nil {
		t.Fatal(err)
	}
	c.SetReadLimit(1 << 20)
	big := `{"type":1,"target":"echo","arguments":["` + strings.Repeat("a", 30<<10) + `"]}` + rs
	for range 10 {
		if c.Write(t.Context(), websocket.MessageText, []byte(big)) != nil {
			break
		}
	}
	_, p, err := c.Read(t.Context())
	if got := string(p); err != nil || !strings.Contains(got, `"type":7`) || !strings.Contains(got, "bytes_per_connection") || !strings.Contains(got, `"allowReconnect":true`) {
		t.Errorf("%s %v", got, err)
	}
}

func TestGroups(t *testing.T) {
	s := newSite(t, Options{GroupsPerConnection: 2}, nil)
	c, err := s.dial()
	if err != nil {
		t.Fatal(err)
	}
	for i, group := range []string{"a", "b", "a", "c"} {
		got := s.say(c, fmt.Sprintf(`{"type":1,"invocationId":"1","target":"Join","arguments":["%s"]}`, group))
		if refused := strings.Contains(got, "in 2 groups"); refused != (i == 3) {
			t.Errorf("group %s: %s", group, got)
		}
	}
}

// BenchmarkCall is what the limits of a call and its bytes cost.
func BenchmarkCall(b *testing.B) {
	l := limiter(b, Options{CallsPerConnection: Rate{1e9, 1e9}, CallsPerUser: Rate{1e9, 1e9}, BytesPerConnection: Rate{1e12, 1 << 40}, BytesPerUser: Rate{1e12, 1 << 40}})
	g, err := l.Hub(nil)
	if err != nil {
		b.Fatal(err)
	}
	u, _ := l.budgets.hold("ann", Off)
	c := &conn{h: g.(*hub), user: u}
	b.ReportAllocs()
	for b.Loop() {
		if errors.Join(c.Receive(50), c.Call("Echo", 50)) != nil {
			b.Fatal("refused")
		}
	}
}
