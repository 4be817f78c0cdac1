package wsframe

import (
	"encoding/binary"
	"errors"
	"unicode/utf8"
)

// Close codes (RFC 6455, 7.4.1).
const (
	NormalClosure   = 1000
	GoingAway       = 1001
	ProtocolError   = 1002
	UnsupportedData = 1003
	NoStatus        = 1005 // never on the wire: a close frame without code
	AbnormalClosure = 1006 // never on the wire: no close frame
	InvalidPayload  = 1007
	PolicyViolation = 1008
	MessageTooBig   = 1009
	InternalError   = 1011
)

// ValidCloseCode reports whether a peer may send the code.
func ValidCloseCode(code int) bool {
	switch {
	case code < 1000, code > 4999:
		return false
	case code >= 3000: // libraries and applications
		return true
	case code == 1004, code == NoStatus, code == AbnormalClosure:
		return false
	}
	return code <= 1014
}

var (
	errCloseLength = errors.New("a close frame with a payload of one byte")
	errCloseCode   = errors.New("an invalid close code")
	// ErrCloseReason is a close reason that is no UTF-8.
	ErrCloseReason = errors.New("a close reason that is no UTF-8")
)

// ParseClose reads the payload of a close frame; an empty one is NoStatus.
func ParseClose(p []byte) (code int, reason string, err error) {
	if len(p) == 0 {
		return NoStatus, "", nil
	}
	if len(p) == 1 {
		return 0, "", errCloseLength
	}
	code = int(binary.BigEndian.Uint16(p))
	if !ValidCloseCode(code) {
		return 0, "", errCloseCode
	}
	if !utf8.Valid(p[2:]) {
		return 0, "", ErrCloseReason
	}
	return code, string(p[2:]), nil
}

// AppendClose writes the payload of a close frame; NoStatus is an empty one.
func AppendClose(dst []byte, code int, reason string) []byte {
	if code == NoStatus {
		return dst
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(code))
	return append(dst, reason...)
}
