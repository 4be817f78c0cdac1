package wire

import "context"

// Pause stops reading from the peer, Resume lets it go on. What is read
// already is still handed over.
func (o *Outbox) Pause() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.paused = true
}

// Resume is the reverse of Pause.
func (o *Outbox) Resume() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.paused = false
	o.notify()
	if o.push != nil {
		o.push.resumed()
	}
}

// Paused reports whether reading is stopped.
func (o *Outbox) Paused() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.paused
}

// Readable waits while reading is paused. It returns nil at once if it is not,
// or if the outbox is closed.
func (o *Outbox) Readable(ctx context.Context) error {
	return o.await(ctx, func() (bool, error) {
		return !o.paused || o.state >= closing, nil
	})
}

// readable is Readable for the reader of a push carrier, which also goes on,
// to find its socket closed, when the carrier is not the outbox's any more.
func (o *Outbox) readable(c carrier) {
	_ = o.await(context.Background(), func() (bool, error) {
		return !o.held(c), nil
	})
}
