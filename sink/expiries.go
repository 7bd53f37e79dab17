package sink

import (
	"sync"
	"time"
)

const (
	// maxExpiries bounds the keys that are remembered, about 10 MB. Beyond it
	// all are forgotten, and told their expiry once more.
	maxExpiries = 1 << 17
	// expiryMargin is how long before its expiry a key is told it with every
	// command again: one that has expired would come back without.
	expiryMargin = time.Hour
)

// daily is a key of reach.
type daily struct {
	segment string
	day     int64 // since 1970 UTC
}

// expiries remembers which keys of reach have been told when to expire, so
// that Redis is told once and not with every commit. Redis may lose that, and
// the key comes back without: so all are forgotten when a shard is opened,
// which is what follows lost writes, and when an attempt has failed.
type expiries struct {
	mu    sync.Mutex
	told  map[daily]struct{}
	round int // how often all were forgotten
}

// due reports whether a key that expires at an instant must be told so.
func (e *expiries) due(key daily, at time.Time) bool {
	e.mu.Lock()
	_, told := e.told[key]
	e.mu.Unlock()
	return !told || time.Until(at) < expiryMargin
}

// begin returns what learn wants of an attempt that begins.
func (e *expiries) begin() (round int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.round
}

// learn remembers keys that an attempt has told, unless all were forgotten
// since it began.
func (e *expiries) learn(round int, keys []daily) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if round != e.round || len(keys) == 0 {
		return
	}
	if e.told == nil || len(e.told)+len(keys) > maxExpiries {
		e.told = map[daily]struct{}{}
	}
	for _, key := range keys {
		e.told[key] = struct{}{}
	}
}

func (e *expiries) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.told = nil
	e.round++
}
