// Package latency measures how long records wait from being due to being
// committed.
//
// It promises to count each record once, whoever commits them in whatever
// parts. The trap: records must be committed in the order in which they were
// due.
package latency

import (
	"sync"
	"time"
)

// Meter measures the records of one log. It is safe for concurrent use; the
// zero Meter is ready.
type Meter struct {
	mu      sync.Mutex
	due     []time.Time // of records that are not committed
	waited  []time.Duration
	records int // committed
}

// Due notes that the next record was due at an instant.
func (m *Meter) Due(at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.due = append(m.due, at)
}

// Committed notes that the next n records are committed now.
func (m *Meter) Committed(n int) {
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, due := range m.due[:n] {
		m.waited = append(m.waited, now.Sub(due))
	}
	m.due = m.due[n:]
	m.records += n
}

// Take returns how many records were committed since it was last called, and
// how long each of them waited.
func (m *Meter) Take() (records int, waited []time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	records, waited = m.records, m.waited
	m.records, m.waited = 0, nil
	return records, waited
}

// Waiting is how many records are due and not committed.
func (m *Meter) Waiting() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.due)
}
