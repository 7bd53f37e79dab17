package network

import "time"

// meteredSize is how much of what a client sends is passed on at a time: so
// little that connections take turns on a slow Link.
const meteredSize = 8 << 10

// meter is how busy one direction of a Link is.
type meter struct {
	free time.Time // when what was let through before is through
}

// take returns how long so many bytes take at a rate, behind those before.
func (m *meter) take(now time.Time, bytes, rate int) time.Duration {
	if rate == 0 {
		return 0
	}
	if m.free.Before(now) {
		m.free = now
	}
	m.free = m.free.Add(time.Duration(bytes) * time.Second / time.Duration(rate))
	return m.free.Sub(now)
}

// meter waits until so many bytes are through; false when the pair is to end.
func (p *pair) meter(m *meter, bytes int) bool {
	p.link.mu.Lock()
	wait := m.take(time.Now(), bytes, p.link.trouble.rate)
	p.link.mu.Unlock()
	if wait == 0 {
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.over:
		return false
	}
}
