package websocket

import (
	"cmp"
	"errors"
	"net/http"

	"github.com/switchboard-rt/switchboard/internal/wsconn"
)

// Accept turns a request into an open line. On error the response has been
// written: 400 if the request asks for no WebSocket, 403 if its origin is
// foreign, 426 if its version is not 13, 500 if a middleware hides the
// connection, or as Options.Guard says. The line lives on after the handler has returned; end it with
// Close or CloseNow.
func Accept(w http.ResponseWriter, r *http.Request, o *Options) (*Conn, error) {
	return accept(w, r, o, nil)
}

// Serve is Accept in callback form: it returns after the upgrade, and f is
// called for each message, one at a time for each line, on a goroutine that
// the line has only while it is busy. p is valid only during the call. Read
// must not be called on c.
func Serve(w http.ResponseWriter, r *http.Request, o *Options, f func(c *Conn, typ Type, p []byte)) error {
	if f == nil {
		panic("websocket: Serve needs a function for the messages")
	}
	_, err := accept(w, r, o, f)
	return err
}

func accept(w http.ResponseWriter, r *http.Request, o *Options, f func(*Conn, Type, []byte)) (*Conn, error) {
	if o == nil {
		o = &Options{}
	}
	policy, err := o.policy()
	if err != nil {
		http.Error(w, "the server's WebSocket options are invalid", http.StatusInternalServerError)
		return nil, err
	}
	if e := wsconn.Check(r); e != nil {
		e.Respond(w)
		return nil, e
	}
	if !o.InsecureSkipOriginCheck {
		if err := policy.Check(r); err != nil {
			e := &wsconn.UpgradeError{Status: http.StatusForbidden, Text: err.Error()}
			http.Error(w, "this page may not connect here", http.StatusForbidden)
			return nil, e
		}
	}
	release, err := o.admit(w, r)
	if err != nil {
		return nil, err
	}
	nc, buffered, agreed, err := wsconn.Upgrade(w, r, &wsconn.UpgradeOptions{
		Subprotocols: o.Subprotocols, Deflate: o.Compression.deflate(), Timeout: o.HandshakeTimeout,
	})
	if err != nil {
		release()
		if e, ok := errors.AsType[*wsconn.UpgradeError](err); ok {
			e.Respond(w)
		}
		return nil, err
	}
	c := newConn(setup{
		nc: nc, buffered: buffered, agreed: agreed, max: cmp.Or(o.MaxMessage, defaultMaxMessage),
		writeTimeout: o.WriteTimeout, serve: f, onClose: o.OnClose, release: release,
	})
	return c, nil
}

// admit asks the guard. A refusal has been written.
func (o *Options) admit(w http.ResponseWriter, r *http.Request) (release func(), err error) {
	if o.Guard == nil {
		return func() {}, nil
	}
	release, err = o.Guard.Line(r)
	if err == nil && release == nil {
		release = func() {}
	}
	if err == nil {
		return release, nil
	}
	type answer interface {
		error
		Respond(w http.ResponseWriter)
	}
	if e, ok := errors.AsType[answer](err); ok {
		e.Respond(w)
	} else {
		http.Error(w, "the server has no room for another line now", http.StatusServiceUnavailable)
	}
	return nil, err
}
