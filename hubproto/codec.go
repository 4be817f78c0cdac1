package hubproto

// Codec is one encoding of the hub protocol. A codec has no state and may be
// used from any goroutine; codecs never see transports.
//
// The Append methods add one whole, framed message to dst and return the
// longer slice; on error they return dst as it was.
type Codec interface {
	// Name is the name in the handshake: "json", "messagepack".
	Name() string
	// Binary reports whether the encoding needs a transport that carries bytes.
	Binary() bool

	// Split cuts the first whole message off buf. With ok false more bytes
	// are needed. max bounds one message, framing included, as it stands on
	// the wire (0: no bound): beyond it the error is [ErrTooLarge]. Other
	// errors are *ProtocolError.
	Split(buf []byte, max int) (body, rest []byte, ok bool, err error)
	// Parse reads the envelope of one message that Split gave. Unknown types
	// are no error: m.Type tells. Errors are *ProtocolError and end the connection.
	Parse(body []byte, m *Message) error
	// Decode reads one value (an element of Args, or Value) into what v points to.
	Decode(raw []byte, v any) error

	// AppendInvocation writes type 1; id may be empty, streamIDs nil.
	AppendInvocation(dst []byte, id, target string, args []any, streamIDs []string) ([]byte, error)
	// AppendStreamInvocation writes type 4.
	AppendStreamInvocation(dst []byte, id, target string, args []any, streamIDs []string) ([]byte, error)
	// AppendStreamItem writes type 2.
	AppendStreamItem(dst []byte, id string, item any) ([]byte, error)
	// AppendResult writes type 3 with a result, which may be nil (null).
	AppendResult(dst []byte, id string, result any) ([]byte, error)
	// AppendVoid writes type 3 with neither result nor error: the end of a stream.
	AppendVoid(dst []byte, id string) []byte
	// AppendError writes type 3 with an error.
	AppendError(dst []byte, id, text string) []byte
	// AppendCancel writes type 5.
	AppendCancel(dst []byte, id string) []byte
	// AppendPing writes type 6.
	AppendPing(dst []byte) []byte
	// AppendClose writes type 7; an empty text means no error.
	AppendClose(dst []byte, text string, allowReconnect bool) []byte
	// AppendAck writes type 8, AppendSequence type 9.
	AppendAck(dst []byte, id int64) []byte
	AppendSequence(dst []byte, id int64) []byte
}
