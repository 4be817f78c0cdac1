package switchboard

import "time"

// Tick implements transport.Session: the handshake's time-out, pings, the
// client's time-out. Intervals count from the last ping, not from the last
// message, as the original's do.
func (s *session) Tick(now time.Time) (next time.Time, run bool) {
	s.mu.Lock()
	age, phase, answered, lastPing, paused := s.age(now), s.phase, s.answered, s.lastPing, s.paused
	counts := s.counter != nil
	s.mu.Unlock()
	o := &s.hub.options
	switch {
	case phase >= ending:
		return time.Time{}, false
	case phase == handshaking && age >= o.HandshakeTimeout:
		return time.Time{}, s.refuse("Handshake was canceled.")
	case phase == handshaking && s.resumable(): // acks will be due every second
		return now.Add(countEvery), false
	case phase == handshaking:
		return s.at(o.HandshakeTimeout), false
	case !answered:
		return now.Add(time.Second), false
	}
	silent := age - time.Duration(s.seen.Load())
	if s.pinged.Load() && !paused && silent >= o.ClientTimeout {
		return time.Time{}, s.begin(closing{
			cause:          ErrClientTimeout,
			ctxCause:       ErrClientTimeout,
			text:           connectionError(o.detail(ErrClientTimeout)),
			allowReconnect: true,
		})
	}
	next = s.ping(age, lastPing)
	if s.pinged.Load() && !paused {
		next = earlier(next, now.Add(o.ClientTimeout-silent))
	} else {
		next = earlier(next, now.Add(o.ClientTimeout/2))
	}
	if counts {
		next = earlier(next, s.acknowledge(now))
	}
	return next, false
}

// ping sends a ping if one is due and returns when the next one is. Long
// polling needs none: its polls are the signs of life.
func (s *session) ping(age, last time.Duration) (next time.Time) {
	interval := s.hub.options.KeepAliveInterval
	if !s.conn.peer.Transport.Pings() {
		return s.at(age + interval)
	}
	if age-last >= interval {
		s.mu.Lock()
		s.lastPing = age
		s.mu.Unlock()
		last = age
		_ = s.link.Send(s.hub.pings[s.codec]) // an error means that it has ended
	}
	return s.at(last + interval)
}

// resume lets reading go on. The client's clock starts anew: the silence was
// ours. s.mu is held.
func (s *session) resume() {
	s.paused = false
	s.seen.Store(int64(s.age(time.Now())))
	s.link.Resume()
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
