package msgpackhub

import (
	"github.com/switchboard-rt/switchboard/hubproto"
	"github.com/tinylib/msgp/msgp"
)

// begin opens a message of n elements: room for the length, type, and unless
// the type has none, empty headers.
func begin(dst []byte, n uint32, t hubproto.Type) []byte {
	dst = append(dst, room[:]...)
	dst = msgp.AppendArrayHeader(dst, n)
	dst = append(dst, byte(t))
	if t <= hubproto.CancelInvocation {
		dst = append(dst, 0x80)
	}
	return dst
}

func (c codec) AppendInvocation(dst []byte, id, target string, args []any, streamIDs []string) ([]byte, error) {
	return c.appendCall(dst, hubproto.Invocation, id, target, args, streamIDs)
}

func (c codec) AppendStreamInvocation(dst []byte, id, target string, args []any, streamIDs []string) ([]byte, error) {
	return c.appendCall(dst, hubproto.StreamInvocation, id, target, args, streamIDs)
}

func (codec) appendCall(dst []byte, t hubproto.Type, id, target string, args []any, streamIDs []string) ([]byte, error) {
	was := len(dst)
	dst = begin(dst, 6, t)
	if id == "" {
		dst = msgp.AppendNil(dst)
	} else {
		dst = msgp.AppendString(dst, id)
	}
	dst = msgp.AppendString(dst, target)
	dst = msgp.AppendArrayHeader(dst, uint32(len(args)))
	for _, a := range args {
		var err error
		if dst, err = appendValue(dst, a); err != nil {
			return dst[:was], err
		}
	}
	dst = msgp.AppendArrayHeader(dst, uint32(len(streamIDs)))
	for _, s := range streamIDs {
		dst = msgp.AppendString(dst, s)
	}
	return seal(dst, was), nil
}

func (codec) AppendStreamItem(dst []byte, id string, item any) ([]byte, error) {
	was := len(dst)
	dst = msgp.AppendString(begin(dst, 4, hubproto.StreamItem), id)
	dst, err := appendValue(dst, item)
	if err != nil {
		return dst[:was], err
	}
	return seal(dst, was), nil
}

// The kinds of a completion.
const (
	kindError  = 1
	kindVoid   = 2
	kindResult = 3
)

func completion(dst []byte, n uint32, id string, kind byte) []byte {
	return append(msgp.AppendString(begin(dst, n, hubproto.Completion), id), kind)
}

func (codec) AppendResult(dst []byte, id string, result any) ([]byte, error) {
	was := len(dst)
	dst, err := appendValue(completion(dst, 5, id, kindResult), result)
	if err != nil {
		return dst[:was], err
	}
	return seal(dst, was), nil
}

func (codec) AppendVoid(dst []byte, id string) []byte {
	return seal(completion(dst, 4, id, kindVoid), len(dst))
}

func (codec) AppendError(dst []byte, id, text string) []byte {
	return seal(msgp.AppendString(completion(dst, 5, id, kindError), text), len(dst))
}

func (codec) AppendCancel(dst []byte, id string) []byte {
	return seal(msgp.AppendString(begin(dst, 3, hubproto.CancelInvocation), id), len(dst))
}

func (codec) AppendPing(dst []byte) []byte {
	return seal(begin(dst, 1, hubproto.Ping), len(dst))
}

func (codec) AppendClose(dst []byte, text string, allowReconnect bool) []byte {
	was := len(dst)
	dst = begin(dst, 3, hubproto.Close)
	if text == "" {
		dst = msgp.AppendNil(dst)
	} else {
		dst = msgp.AppendString(dst, text)
	}
	return seal(msgp.AppendBool(dst, allowReconnect), was)
}

func (codec) AppendAck(dst []byte, id int64) []byte {
	return seal(appendInt(begin(dst, 2, hubproto.Ack), id), len(dst))
}

func (codec) AppendSequence(dst []byte, id int64) []byte {
	return seal(appendInt(begin(dst, 2, hubproto.Sequence), id), len(dst))
}
