package hubproto

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// separator ends the handshake, whatever the hub protocol, and every JSON message.
const separator = 0x1E

// HandshakeRequest is the first message of a client.
type HandshakeRequest struct {
	// Protocol is the name as the client wrote it; names compare without case.
	Protocol string
	Version  int
}

// ParseHandshake reads the handshake request at the beginning of buf. With ok
// false and no error more bytes are needed. max bounds it, separator included
// (0: no bound); beyond it the error is [ErrTooLarge]. Bytes after the
// separator belong to the hub protocol and are returned in rest.
func ParseHandshake(buf []byte, max int) (req HandshakeRequest, rest []byte, ok bool, err error) {
	end := bytes.IndexByte(buf, separator)
	if max > 0 && (end >= max || end < 0 && len(buf) >= max) {
		return req, nil, false, ErrTooLarge
	}
	if end < 0 {
		return req, buf, false, nil
	}
	if req, ok = usual[string(buf[:end])]; ok {
		return req, buf[end+1:], true, nil
	}
	req, err = parseHandshake(buf[:end])
	return req, buf[end+1:], err == nil, err
}

// usual are the requests as the official clients write them.
var usual = map[string]HandshakeRequest{
	`{"protocol":"json","version":1}`:        {"json", 1},
	`{"protocol":"json","version":2}`:        {"json", 2},
	`{"protocol":"messagepack","version":1}`: {"messagepack", 1},
	`{"protocol":"messagepack","version":2}`: {"messagepack", 2},
}

// parseHandshake reads the object. Unknown properties are skipped, of a
// property given twice the last counts, what follows the object is ignored.
func parseHandshake(text []byte) (req HandshakeRequest, err error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	var value json.RawMessage
	if err := dec.Decode(&value); err != nil {
		return req, &ProtocolError{Text: "Error reading JSON."}
	}
	if value[0] != '{' {
		return req, &ProtocolError{Text: fmt.Sprintf("Unexpected JSON Token Type '%s'. Expected a JSON Object.", tokenName(value))}
	}
	var properties map[string]json.RawMessage
	if err := json.Unmarshal(value, &properties); err != nil {
		return req, &ProtocolError{Text: "Error reading JSON."}
	}
	protocol, hasProtocol := properties["protocol"]
	version, hasVersion := properties["version"]
	if hasProtocol && protocol[0] != '"' {
		return req, &ProtocolError{Text: "Expected 'protocol' to be of type String."}
	}
	if hasVersion && tokenName(version) != "Number" {
		return req, &ProtocolError{Text: "Expected 'version' to be of type Number."}
	}
	if !hasProtocol || !hasVersion {
		name := "protocol"
		if hasProtocol {
			name = "version"
		}
		return req, &ProtocolError{Text: fmt.Sprintf("Missing required property '%s'. Message content: %s", name, text)}
	}
	if err := json.Unmarshal(protocol, &req.Protocol); err != nil {
		return req, &ProtocolError{Text: "Error reading JSON."}
	}
	n, err := strconv.ParseInt(string(version), 10, 32)
	if err != nil {
		return req, &ProtocolError{Text: "Expected 'version' to be of type Number."}
	}
	req.Version = int(n)
	return req, nil
}

// tokenName names the kind of a JSON value as the original's error texts do.
func tokenName(value []byte) string {
	switch value[0] {
	case '{':
		return "Object"
	case '[':
		return "Array"
	case '"':
		return "String"
	case 't':
		return "True"
	case 'f':
		return "False"
	case 'n':
		return "Null"
	}
	return "Number"
}

// AppendHandshakeResponse writes the server's answer; an empty text means success.
func AppendHandshakeResponse(dst []byte, errText string) []byte {
	if errText == "" {
		return append(dst, '{', '}', separator)
	}
	text, err := json.Marshal(errText)
	if err != nil { // cannot happen: a string always encodes
		text = []byte(`""`)
	}
	dst = append(dst, `{"error":`...)
	dst = append(dst, text...)
	return append(dst, '}', separator)
}

// AppendHandshakeRequest writes the client's first message.
func AppendHandshakeRequest(dst []byte, protocol string, version int) []byte {
	return append(fmt.Appendf(dst, `{"protocol":%q,"version":%d}`, protocol, version), separator)
}
