package activation

import (
	"sync"
	"time"
)

const (
	// trips is how many attempts in a row have to fail for a destination to be
	// left alone.
	trips = 5
	// shortestRest and longestRest bound how long it is left alone. Each probe
	// that fails doubles it.
	shortestRest = 5 * time.Second
	longestRest  = 5 * time.Minute
)

// breaker keeps a process from sending to a destination that does not take
// anything: after some failures in a row it lets a single probe through now
// and then, until one is taken. It is the circuit breaker of M. Nygard's
// "Release It!". It is safe for concurrent use.
type breaker struct {
	mu      sync.Mutex
	failed  int           // attempts in a row
	rest    time.Duration // of the last time that it opened; 0 while closed
	until   time.Time     // when the next attempt may be made
	probing bool          // whether a probe is on its way
}

// allow reports whether an attempt may be made now. One that is allowed has to
// be reported by succeed or fail.
func (b *breaker) allow(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Before(b.until) || b.probing {
		return false
	}
	b.probing = b.rest > 0
	return true
}

// succeed says that the destination answers.
func (b *breaker) succeed() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed, b.rest, b.until, b.probing = 0, 0, time.Time{}, false
}

// fail says that an attempt was not taken, and how long the destination asks
// to be left alone.
func (b *breaker) fail(now time.Time, asked time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed++
	switch {
	case b.probing || b.rest > 0:
		b.rest = min(2*b.rest, longestRest)
	case b.failed >= trips:
		b.rest = shortestRest
	}
	b.probing = false
	if until := now.Add(max(b.rest, asked)); until.After(b.until) {
		b.until = until
	}
}

// release takes back an attempt that came to nothing by our own doing.
func (b *breaker) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
}

// open returns until when nothing is sent, the zero Time when attempts may be
// made.
func (b *breaker) open(now time.Time) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Before(b.until) {
		return b.until
	}
	return time.Time{}
}
