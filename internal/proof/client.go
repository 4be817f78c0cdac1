package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/switchboard-rt/switchboard/internal/wsframe"
)

// client is one client of the hub, as lean as it can be: the machine that is
// measured carries it, too.
type client struct {
	nc net.Conn
	br *bufio.Reader // nil until it reads
}

const (
	upgrade = "GET /hub HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	greeting = `{"protocol":"json","version":1}` + "\x1e"
)

// dial connects, upgrades and goes through the handshake.
func dial(addr string, secure bool) (*client, error) {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	if secure {
		nc = tls.Client(nc, &tls.Config{InsecureSkipVerify: true}) // the server's certificate is of this run
	}
	c := &client{nc: nc}
	if err := c.enter(); err != nil {
		_ = nc.Close()
		return nil, err
	}
	return c, nil
}

func (c *client) enter() error {
	_ = c.nc.SetDeadline(time.Now().Add(30 * time.Second)) // the reads below fail if it did not take
	br := bufio.NewReader(c.nc)
	if _, err := io.WriteString(c.nc, upgrade); err != nil {
		return err
	}
	response, err := http.ReadResponse(br, nil)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("the server answered %s", response.Status)
	}
	h := wsframe.Header{Fin: true, Op: wsframe.Text, Masked: true, Length: uint64(len(greeting))} // a mask of zeros
	if _, err := c.nc.Write(append(wsframe.AppendHeader(nil, h), greeting...)); err != nil {
		return err
	}
	answer := make([]byte, 5)
	if _, err := io.ReadFull(br, answer); err != nil {
		return err
	}
	if string(answer[2:]) != "{}\x1e" {
		return fmt.Errorf("the handshake was answered with %q", answer)
	}
	return c.nc.SetDeadline(time.Time{})
}

// next reads a frame.
func (c *client) next() (payload []byte, err error) {
	if c.br == nil {
		c.br = bufio.NewReaderSize(c.nc, 16<<10)
	}
	for n := 2; ; n++ {
		head, err := c.br.Peek(n)
		if err != nil {
			return nil, err
		}
		h, size, err := wsframe.ParseHeader(head)
		if err != nil {
			return nil, err
		}
		if size == 0 {
			continue
		}
		if _, err := c.br.Discard(size); err != nil {
			return nil, err
		}
		payload = make([]byte, h.Length)
		_, err = io.ReadFull(c.br, payload)
		return payload, err
	}
}

// tick is a message of a storm: its number and when it was sent.
type tick struct {
	n    int
	sent time.Time
}

// nextTick reads up to the next message of a storm.
func (c *client) nextTick() (t tick, err error) {
	for {
		p, err := c.next()
		if err != nil {
			return t, err
		}
		_, args, ok := bytes.Cut(p, []byte(`"arguments":[`))
		if !ok {
			continue // a ping
		}
		n, args, _ := bytes.Cut(args, []byte(","))
		nanos, _, _ := bytes.Cut(args, []byte(","))
		t.n, err = strconv.Atoi(string(n))
		if err != nil {
			return t, err
		}
		at, err := strconv.ParseInt(string(nanos), 10, 64)
		t.sent = time.Unix(0, at)
		return t, err
	}
}
