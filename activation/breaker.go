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
	// longestProbe bounds how long a probe without an answer keeps others from
	// being made: the longest timeout that a destination can have.
	longestProbe = maxTimeout
)

// breaker keeps a process from sending to a destination that does not take
// anything: after some failures in a row it lets a single probe through now
// and then, until one is taken. It is the circuit breaker of M. Nygard's
// "Release It!". It is safe for concurrent use.
type breaker struct {
	mu      sync.Mutex
	failed  int           // attempts in a row
	rest    time.Duration // of the last time that it opened; 0 while closed
	until   time.Time     // when the next attempt may be made; zero while closed
	probe   permit        // that is on its way, 0 for none
	begun   time.Time     // when it was let through
	last    permit        // that was given
	circuit Circuit       // what a status shows
	edition int           // counts what circuit was
}

// permit is the right to one attempt, 0 for none. A breaker counts them.
type permit int

// allow gives the right to an attempt, if one may be made now. It has to be
// given back by succeed, fail or release.
func (b *breaker) allow(now time.Time) permit {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.blocks(now) {
		return 0
	}
	b.last++
	if b.rest > 0 {
		b.probe, b.begun = b.last, now
	}
	return b.last
}

// blocks reports whether no attempt may be made.
func (b *breaker) blocks(now time.Time) bool {
	return now.Before(b.until) || b.probe != 0 && now.Sub(b.begun) < longestProbe
}

// blocked reports whether no attempt may be made now.
func (b *breaker) blocked(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.blocks(now)
}

// succeed says that the destination answers, whichever attempt has shown it,
// and reports whether it was left alone until now.
func (b *breaker) succeed(now time.Time) (closed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if closed = !b.until.IsZero(); closed {
		b.show(Circuit{Since: now.UnixMilli(), Reason: b.circuit.Reason})
	}
	b.failed, b.rest, b.until, b.probe = 0, 0, time.Time{}, 0
	return closed
}

// fail says that an attempt was not taken and why, and how long the
// destination asks to be left alone. Of attempts that were on their way when
// it opened, nothing follows that is not asked for: a hundred at once would
// else make of a short rest the longest. It reports whether the destination is
// left alone from now on, or for longer than before.
func (b *breaker) fail(now time.Time, p permit, asked time.Duration, reason string) (opened bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed++
	pause := asked
	switch {
	case p == b.probe:
		b.rest, b.probe = min(2*b.rest, longestRest), 0
		pause = max(b.rest, asked)
	case b.rest == 0 && b.failed >= trips:
		b.rest = shortestRest
		pause = max(b.rest, asked)
	}
	until := now.Add(pause)
	if pause == 0 || !until.After(b.until) {
		return false
	}
	since := b.circuit.Since
	if b.until.IsZero() {
		since = now.UnixMilli()
	}
	b.until = until
	b.show(Circuit{Open: true, Since: since, Probe: until.UnixMilli(), Reason: cut(reason, loggedReason)})
	return true
}

// release takes back an attempt that came to nothing by our own doing.
func (b *breaker) release(p permit) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p == b.probe {
		b.probe = 0
	}
}

func (b *breaker) show(c Circuit) {
	b.circuit = c
	b.edition++
}

// shown returns what a status shows, and a number that changes with it.
func (b *breaker) shown() (Circuit, int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.circuit, b.edition
}
