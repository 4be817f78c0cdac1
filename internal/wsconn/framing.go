package wsconn

import (
	"crypto/rand"

	"github.com/switchboard-rt/switchboard/internal/wsframe"
	"github.com/switchboard-rt/switchboard/transport"
)

// Framing writes frames as one side of a WebSocket connection does. Its zero
// value is a server's without compression. It has no state.
type Framing struct {
	Client  bool
	Deflate *Deflate
}

// Append adds f as one unfragmented WebSocket frame.
func (w Framing) Append(dst []byte, f *transport.Frame) []byte {
	payload := f.Payload
	h := wsframe.Header{Fin: true, Op: wsframe.Op(f.Op), Masked: w.Client}
	if w.compresses(f) {
		if p := f.Packed(deflate); p != nil {
			payload, h.Rsv1 = p, true
		}
	}
	h.Length = uint64(len(payload))
	if w.Client {
		// The key must not be guessable (RFC 6455, 10.3).
		_, _ = rand.Read(h.Mask[:]) // never fails
	}
	dst = wsframe.AppendHeader(dst, h)
	at := len(dst)
	dst = append(dst, payload...)
	if w.Client {
		wsframe.Mask(dst[at:], h.Mask, 0)
	}
	return dst
}

// Head adds the header of f if the payload follows it as it is.
func (w Framing) Head(dst []byte, f *transport.Frame) ([]byte, bool) {
	if w.Client || w.compresses(f) {
		return dst, false
	}
	return wsframe.AppendHeader(dst, wsframe.Header{Fin: true, Op: wsframe.Op(f.Op), Length: uint64(len(f.Payload))}), true
}

func (w Framing) compresses(f *transport.Frame) bool {
	return w.Deflate != nil && !w.Deflate.PlainOut && !wsframe.Op(f.Op).Control() && len(f.Payload) >= w.Deflate.MinSize
}

// End adds the close frame for a reason.
func (w Framing) End(dst []byte, why transport.CloseReason) []byte {
	code := wsframe.NormalClosure
	if why == transport.Fault {
		code = wsframe.InternalError
	}
	return w.Append(dst, CloseFrame(code, ""))
}

// CloseFrame makes a close frame; wsframe.NoStatus makes one without code.
func CloseFrame(code int, reason string) *transport.Frame {
	return &transport.Frame{Op: transport.OpClose, Class: transport.Control, Payload: wsframe.AppendClose(nil, code, reason)}
}
