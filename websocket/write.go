package websocket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/switchboard-rt/switchboard/transport"
)

// Write sends a message. It waits while more than 64 KiB waits to be written;
// when ctx ends first it returns ctx's cause, nothing was sent, and the line
// goes on. Writers at once take turns. p may be reused when Write returns,
// which is before the peer has it. After the end the error wraps the line's
// CloseError or net.ErrClosed. A text must be UTF-8, which is not checked.
func (c *Conn) Write(ctx context.Context, typ Type, p []byte) error {
	op := transport.OpText
	switch typ {
	case Text:
	case Binary:
		op = transport.OpBinary
	default:
		return fmt.Errorf("websocket: %d is no type of message", typ)
	}
	return c.send(ctx, op, p)
}

// send appends a frame when it is the caller's turn and the peer has taken
// most of what came before. So one message at most goes above what may be
// pending, however big it is and however many write.
func (c *Conn) send(ctx context.Context, op transport.Op, p []byte) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-c.turn }()
	err := c.out.Writable(ctx)
	if err == nil && c.over() { // the close frame is about to follow
		return c.ended("write")
	}
	if err == nil {
		err = c.out.Send(&transport.Frame{Op: op, Class: transport.Answer, Payload: bytes.Clone(p)})
	}
	if errors.Is(err, transport.ErrClosed) {
		return c.ended("write")
	}
	return err
}

// Ping asks the peer for a sign of life and waits for it. Messages that come
// before the answer must be read meanwhile, or it is not seen.
func (c *Conn) Ping(ctx context.Context) error {
	key := strconv.FormatInt(c.pings.Add(1), 10)
	pong := c.expect(key)
	defer c.forget(key)
	if err := c.send(ctx, transport.OpPing, []byte(key)); err != nil {
		return err
	}
	select {
	case <-pong:
		return nil
	case <-c.gone:
		return c.ended("ping")
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// expect returns what is closed when the pong with this payload comes.
func (c *Conn) expect(key string) <-chan struct{} {
	pong := make(chan struct{})
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pongs == nil {
		c.pongs = map[string]chan struct{}{}
	}
	c.pongs[key] = pong
	return pong
}

func (c *Conn) forget(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.pongs, key)
}

// pong wakes the Ping that asked for it. Others are nobody's.
func (c *Conn) pong(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if pong := c.pongs[key]; pong != nil {
		close(pong)
		delete(c.pongs, key)
	}
}
