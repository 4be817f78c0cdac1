package switchboard

import (
	"bytes"
	"context"

	"github.com/switchboard-rt/switchboard/hubproto"
)

const (
	// maxUpload is what may wait for the method that takes an upload; then
	// reading stops, because stock clients know no other back-pressure.
	maxUpload    = 256 << 10
	resumeUpload = maxUpload / 2
	// maxUploadAsking is the bound while somebody waits for this client's
	// answer, which may be behind the items; beyond it the upload fails.
	maxUploadAsking = 4 << 20
	itemOverhead    = 48
)

// upload is one stream from the client. Everything is guarded by s.mu.
type upload struct {
	s      *session
	id     string
	items  [][]byte
	bytes  int
	full   bool  // reading is stopped for it
	over   bool  // the client has ended it
	err    error // with this error
	closed bool  // nobody reads it any more
	wake   chan struct{}
}

// received takes an item of whatever upload it belongs to; one of an unknown
// id is ignored.
func (s *session) received(m *hubproto.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.uploads[string(m.ID)]
	if u == nil || u.over {
		return
	}
	if u.bytes+len(m.Value) > maxUploadAsking {
		u.fail("The upload is too far ahead of the method that takes it.")
		return
	}
	u.items = append(u.items, bytes.Clone(m.Value))
	u.bytes += len(m.Value) + itemOverhead
	if u.bytes > maxUpload && !u.full {
		u.full = true
		s.full++
		s.flow()
	}
	u.signal()
}

// finished ends an upload by the client's completion and reports whether there
// was one of that id.
func (s *session) finished(m *hubproto.Message) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.uploads[string(m.ID)]
	if u == nil {
		return false
	}
	u.over = true
	if m.HasError {
		u.err = &hubproto.HubError{Text: m.Error}
	}
	delete(s.uploads, u.id)
	u.signal()
	return true
}

// fail ends an upload with an error; what waits is dropped. s.mu is held.
func (u *upload) fail(text string) {
	u.items, u.bytes = nil, 0
	if u.full {
		u.full = false
		u.s.full--
		u.s.flow()
	}
	u.over, u.err = true, &hubproto.HubError{Text: text}
	delete(u.s.uploads, u.id)
	u.signal()
}

func (u *upload) signal() {
	if u.wake != nil {
		close(u.wake)
		u.wake = nil
	}
}

// next reads an item into what v points to. A waiting call ends at once when
// ctx does, with its cause.
func (u *upload) next(ctx context.Context, v any) (more bool, err error) {
	for {
		raw, ok, wake, err := u.take()
		switch {
		case ok:
			if err := u.s.encoding().Decode(raw, v); err != nil {
				return false, u.misfit(err)
			}
			return true, nil
		case wake == nil:
			return false, err
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
}

// misfit is what the method sees of an item of another type.
func (u *upload) misfit(err error) error {
	text := "Failed to bind Stream message."
	if u.s.hub.options.DetailedErrors {
		text += " " + err.Error()
	}
	return &hubproto.HubError{Text: text}
}

// take removes the first item. Without one it says what to wait for; nil means the end.
func (u *upload) take() (raw []byte, ok bool, wake <-chan struct{}, err error) {
	s := u.s
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case u.closed:
		return nil, false, nil, ErrReturned
	case len(u.items) > 0:
		raw = u.items[0]
		u.items[0] = nil
		u.items = u.items[1:]
		u.bytes -= len(raw) + itemOverhead
		if u.full && u.bytes <= resumeUpload {
			u.full = false
			s.full--
			s.flow()
		}
		return raw, true, nil, nil
	case u.over:
		return nil, false, nil, u.err
	}
	if u.wake == nil {
		u.wake = make(chan struct{})
	}
	return nil, false, u.wake, nil
}

// close frees an upload whose method has returned; later items are ignored. s.mu is held.
func (u *upload) close() {
	u.closed = true
	u.items, u.bytes = nil, 0
	if u.full {
		u.full = false
		u.s.full--
	}
	if u.s.uploads[u.id] == u {
		delete(u.s.uploads, u.id)
	}
	u.signal()
}
