package jsonhub

import (
	"strconv"

	"github.com/switchboard-rt/switchboard/hubproto"
)

// begin opens a message: its type and, unless empty, its invocation id.
func begin(dst []byte, t hubproto.Type, id string) []byte {
	dst = append(dst, `{"type":`...)
	dst = append(dst, byte('0'+t))
	if id != "" {
		dst = append(dst, `,"invocationId":`...)
		dst = appendString(dst, id)
	}
	return dst
}

func end(dst []byte) []byte { return append(dst, '}', separator) }

func (c *codec) AppendInvocation(dst []byte, id, target string, args []any, streamIDs []string) ([]byte, error) {
	return c.appendCall(dst, hubproto.Invocation, id, target, args, streamIDs)
}

func (c *codec) AppendStreamInvocation(dst []byte, id, target string, args []any, streamIDs []string) ([]byte, error) {
	return c.appendCall(dst, hubproto.StreamInvocation, id, target, args, streamIDs)
}

func (c *codec) appendCall(dst []byte, t hubproto.Type, id, target string, args []any, streamIDs []string) ([]byte, error) {
	was := len(dst)
	dst = begin(dst, t, id)
	dst = append(dst, `,"target":`...)
	dst = appendString(dst, target)
	dst = append(dst, `,"arguments":[`...)
	for i, a := range args {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = c.appendValue(dst, a); err != nil {
			return dst[:was], err
		}
	}
	dst = append(dst, ']')
	if streamIDs != nil {
		dst = append(dst, `,"streamIds":[`...)
		for i, s := range streamIDs {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendString(dst, s)
		}
		dst = append(dst, ']')
	}
	return end(dst), nil
}

func (c *codec) AppendStreamItem(dst []byte, id string, item any) ([]byte, error) {
	return c.appendWith(dst, hubproto.StreamItem, id, `,"item":`, item)
}

func (c *codec) AppendResult(dst []byte, id string, result any) ([]byte, error) {
	return c.appendWith(dst, hubproto.Completion, id, `,"result":`, result)
}

func (c *codec) appendWith(dst []byte, t hubproto.Type, id, name string, v any) ([]byte, error) {
	was := len(dst)
	dst = append(begin(dst, t, id), name...)
	dst, err := c.appendValue(dst, v)
	if err != nil {
		return dst[:was], err
	}
	return end(dst), nil
}

func (c *codec) AppendVoid(dst []byte, id string) []byte {
	return end(begin(dst, hubproto.Completion, id))
}

func (c *codec) AppendError(dst []byte, id, text string) []byte {
	dst = append(begin(dst, hubproto.Completion, id), `,"error":`...)
	return end(appendString(dst, text))
}

func (c *codec) AppendCancel(dst []byte, id string) []byte {
	return end(begin(dst, hubproto.CancelInvocation, id))
}

func (c *codec) AppendPing(dst []byte) []byte { return end(begin(dst, hubproto.Ping, "")) }

func (c *codec) AppendClose(dst []byte, text string, allowReconnect bool) []byte {
	dst = begin(dst, hubproto.Close, "")
	if text != "" {
		dst = append(dst, `,"error":`...)
		dst = appendString(dst, text)
	}
	if allowReconnect {
		dst = append(dst, `,"allowReconnect":true`...)
	}
	return end(dst)
}

func (c *codec) AppendAck(dst []byte, id int64) []byte {
	return appendNumber(dst, hubproto.Ack, id)
}

func (c *codec) AppendSequence(dst []byte, id int64) []byte {
	return appendNumber(dst, hubproto.Sequence, id)
}

func appendNumber(dst []byte, t hubproto.Type, id int64) []byte {
	dst = append(begin(dst, t, ""), `,"sequenceId":`...)
	return end(strconv.AppendInt(dst, id, 10))
}
