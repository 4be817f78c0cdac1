package proxyproto

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/switchboard-rt/switchboard/internal/testio"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func v2(command, family byte, rest string) string {
	return string(signature) + string([]byte{command, family, byte(len(rest) >> 8), byte(len(rest))}) + rest
}

const (
	four = "\xc0\x00\x02\x01\x0a\x00\x00\x01\x30\x39\x00\x50"
	six  = "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" + "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x30\x39\x01\xbb"
)

func TestHeader(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"v1, IPv4", "PROXY TCP4 192.0.2.1 10.0.0.1 12345 80\r\n", "192.0.2.1:12345"},
		{"v1, IPv6", "PROXY TCP6 2001:db8::1 2001:db8::2 12345 443\r\n", "[2001:db8::1]:12345"},
		{"v1, mapped", "PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", "192.0.2.1:1"},
		{"v1, unknown", "PROXY UNKNOWN\r\n", "invalid AddrPort"},
		{"v1, unknown with more", "PROXY UNKNOWN ffff::1 ffff::1 1 2\r\n", "invalid AddrPort"},
		{"v2, IPv4", v2(0x21, 0x11, four), "192.0.2.1:12345"},
		{"v2, IPv6", v2(0x21, 0x21, six), "[2001:db8::1]:12345"},
		{"v2, with extensions", v2(0x21, 0x11, four+"\x04\x00\x02ab"), "192.0.2.1:12345"},
		{"v2, local", v2(0x20, 0x00, ""), "invalid AddrPort"},
		{"v2, local with an address", v2(0x20, 0x11, four), "invalid AddrPort"},
		{"v2, Unix socket", v2(0x21, 0x31, strings.Repeat("x", 216)), "invalid AddrPort"},
	} {
		r := strings.NewReader(c.in + "GET /")
		got, err := readHeader(r)
		rest, _ := io.ReadAll(r)
		if err != nil || got.String() != c.want || string(rest) != "GET /" {
			t.Errorf("%s: %v, %v, then %q", c.name, got, err, rest)
		}
	}
}

func TestBadHeader(t *testing.T) {
	for name, in := range map[string]string{
		"nothing":             "",
		"HTTP":                "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"lower case":          "proxy TCP4 192.0.2.1 10.0.0.1 1 2\r\n",
		"no line end":         "PROXY TCP4 192.0.2.1 10.0.0.1 1 2",
		"line feed alone":     "PROXY TCP4 192.0.2.1 10.0.0.1 1 2\n",
		"too long":            "PROXY UNKNOWN " + strings.Repeat("x", 200) + "\r\n",
		"name for an address": "PROXY TCP4 localhost 10.0.0.1 1 2\r\n",
		"wrong family":        "PROXY TCP4 2001:db8::1 10.0.0.1 1 2\r\n",
		"zone":                "PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n",
		"big port":            "PROXY TCP4 192.0.2.1 10.0.0.1 65536 2\r\n",
		"port with a zero":    "PROXY TCP4 192.0.2.1 10.0.0.1 01 2\r\n",
		"signed port":         "PROXY TCP4 192.0.2.1 10.0.0.1 +1 2\r\n",
		"two spaces":          "PROXY TCP4  192.0.2.1 10.0.0.1 1 2\r\n",
		"v2, version 1":       v2(0x11, 0x11, four),
		"v2, command 2":       v2(0x22, 0x11, four),
		"v2, short":           v2(0x21, 0x11, four[:11]),
		"v2, cut":             v2(0x21, 0x11, four)[:20],
		"v2, oversize":        v2(0x21, 0x11, four+strings.Repeat("x", maxV2)),
	} {
		if got, err := readHeader(strings.NewReader(in)); err == nil {
			t.Errorf("%s: taken as %v", name, got)
		}
	}
}

func FuzzHeader(f *testing.F) {
	f.Add([]byte("PROXY TCP4 192.0.2.1 10.0.0.1 12345 80\r\n"))
	f.Add([]byte(v2(0x21, 0x21, six)))
	f.Fuzz(func(t *testing.T, p []byte) {
		r := bytes.NewReader(p)
		a, err := readHeader(r)
		if err != nil && a.IsValid() {
			t.Error("an address with an error")
		}
		if used := len(p) - r.Len(); used > 16+maxV2 {
			t.Errorf("%d bytes were read", used)
		}
	})
}

// server answers with the request's RemoteAddr, and whether its connection is the exact type.
func server(t *testing.T, trusted ...string) (addr string) {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var prefixes []netip.Prefix
	for _, p := range trusted {
		prefixes = append(prefixes, netip.MustParsePrefix(p))
	}
	l := New(inner, prefixes)
	s := &http.Server{ConnContext: l.ConnContext, Handler: Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nc, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, exact := nc.(*net.TCPConn)
		fmt.Fprintf(nc, "%s exact=%v\n", r.RemoteAddr, exact)
		_ = nc.Close()
	}))}
	ended := make(chan error)
	go func() { ended <- s.Serve(l) }()
	t.Cleanup(func() {
		_ = s.Close()
		<-ended
		if n := len(l.sources) + len(l.waiting); n != 0 {
			t.Errorf("%d connections are still remembered", n)
		}
	})
	return inner.Addr().String()
}

func ask(t *testing.T, addr, text string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(c, text); err != nil {
		return err.Error()
	}
	line, _ := bufio.NewReader(c).ReadString('\n')
	return strings.TrimSpace(line)
}

const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

func TestListener(t *testing.T) {
	addr := server(t, "127.0.0.0/8")
	for _, c := range []struct{ name, send, want string }{
		{"v1", "PROXY TCP4 192.0.2.1 10.0.0.1 12345 80\r\n" + get, "192.0.2.1:12345 exact=true"},
		{"v2", v2(0x21, 0x21, six) + get, "[2001:db8::1]:12345 exact=true"},
		{"no header", get, ""},
		{"two headers", "PROXY TCP4 192.0.2.1 10.0.0.1 1 2\r\nPROXY TCP4 192.0.2.9 10.0.0.1 1 2\r\n" + get, "HTTP/1.1 400 Bad Request"},
	} {
		if got := ask(t, addr, c.send); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if got := ask(t, addr, v2(0x20, 0, "")+get); !strings.HasPrefix(got, "127.0.0.1:") {
		t.Errorf("local: %q", got)
	}
}

// TestSpoofed: a header from elsewhere than a trusted proxy is bad HTTP.
func TestSpoofed(t *testing.T) {
	addr := server(t, "192.0.2.0/24")
	if got := ask(t, addr, "PROXY TCP4 192.0.2.1 10.0.0.1 12345 80\r\n"+get); got != "HTTP/1.1 400 Bad Request" {
		t.Errorf("%q", got)
	}
	if got := ask(t, addr, get); !strings.HasPrefix(got, "127.0.0.1:") {
		t.Errorf("without a header: %q", got)
	}
}

// TestHalfHeaders: headers that never end hold up nobody, and are few.
func TestHalfHeaders(t *testing.T) {
	addr := server(t, "127.0.0.0/8")
	for range 50 {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_, _ = io.WriteString(c, "PROXY TCP4 ")
	}
	from := time.Now()
	if got := ask(t, addr, "PROXY TCP4 192.0.2.1 10.0.0.1 12345 80\r\n"+get); !strings.HasPrefix(got, "192.0.2.1:") {
		t.Errorf("%q", got)
	}
	if took := time.Since(from); took > 4*time.Second { // one header alone may take five
		t.Errorf("the bystander waited %v", took)
	}
}

// tcpLike is a pipe that comes from 127.0.0.1.
type tcpLike struct{ net.Conn }

func (tcpLike) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// TestSlowloris: a header must be there in five seconds however often a byte
// comes, and only so many may be waited for.
func TestSlowloris(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := testio.NewPipes()
		l := New(p, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")})
		slow, ours := net.Pipe()
		p.Bring(tcpLike{ours})
		from := time.Now()
		for i := 0; ; i++ {
			if _, err := slow.Write([]byte("PROXY UNKNOWN " + strings.Repeat("x", 40))[i : i+1]); err != nil {
				break
			}
			time.Sleep(time.Second)
		}
		if took := time.Since(from); took > headerTimeout+time.Second {
			t.Errorf("it was waited for %v", took)
		}
		var all []net.Conn
		for range maxWaiting + 1 {
			c, ours := net.Pipe()
			p.Bring(tcpLike{ours})
			all = append(all, c)
		}
		synctest.Wait()
		if _, err := all[maxWaiting].Write([]byte("P")); err == nil {
			t.Error("one too many was let wait")
		}
		_ = l.Close()
		for _, c := range all {
			_ = c.Close()
		}
	})
}
