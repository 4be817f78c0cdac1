package support

import (
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

const longKey = "0123456789abcdef"

func sit(t interface{ Fatal(...any) }, d *desk, role, name string) *person {
	p, err := d.enter("conn "+name, role, name, longKey+name, noon)
	if err != nil {
		t.Fatal(err)
	}
	p.duty = role == agent
	return p
}

func open(t *testing.T, d *desk, p *person, now time.Time) *ticket {
	t.Helper()
	if _, err := d.open(p, "Help!", now); err != nil {
		t.Fatal(err)
	}
	return p.ticket
}

// got are the letters of one method to a person, and forgets all letters.
func got(d *desk, p *person, method string) (args []any) {
	for _, l := range d.post() {
		if l.conn == p.conn && l.method == method {
			args = append(args, l.arg)
		}
	}
	return args
}

func lines(t *ticket, staffToo bool) (all []string) {
	for _, e := range t.entries {
		if staffToo || e.Kind != "staff" {
			all = append(all, e.Text)
		}
	}
	return all
}
