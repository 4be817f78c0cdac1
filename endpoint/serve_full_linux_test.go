package endpoint

import (
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestServeOutOfDescriptors: the server waits until there are some again.
func TestServeOutOfDescriptors(t *testing.T) {
	d := newDoorway(t, Serve, nil)
	nc := d.dial() // while there is one for the client
	if _, err := nc.Write([]byte(upgradeRequest("/status?s=401"))); err != nil {
		t.Fatal(err)
	}
	_, _ = nc.Read(make([]byte, 1000))
	client, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	low := old
	low.Cur = 3 // nothing new
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
		t.Skip(err)
	}
	at, _ := net.ResolveTCPAddr("tcp", d.addr)
	err = syscall.Connect(client, &syscall.SockaddrInet4{Port: at.Port, Addr: [4]byte{127, 0, 0, 1}})
	_, _ = syscall.Write(client, []byte(upgradeRequest("/status?s=403")))
	<-time.After(100 * time.Millisecond) // some attempts
	if back := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old); back != nil || err != nil {
		t.Fatal(back, err)
	}
	p := make([]byte, 12)
	n, err := syscall.Read(client, p)
	if err != nil || string(p[:n]) != "HTTP/1.1 403" {
		t.Errorf("%q, %v", p[:n], err)
	}
	_ = syscall.Close(client)
	if !strings.Contains(d.said.String(), "retrying in") {
		t.Errorf("the log says %q", d.said)
	}
}
