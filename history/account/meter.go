package account

import (
	"io"
	"sync"
	"time"
)

// Meter takes the account of one attempt. The zero Meter is ready; it is safe
// for concurrent use.
type Meter struct {
	mu      sync.Mutex
	account Account
}

// Account returns what was counted so far.
func (m *Meter) Account() Account {
	m.mu.Lock()
	defer m.mu.Unlock()
	a := m.account
	a.Attempts = 1
	a.Stages = make([]Stage, len(m.account.Stages))
	for i, s := range m.account.Stages {
		s.Latency = s.told()
		a.Stages[i] = s
	}
	return a
}

func (m *Meter) count(change func(*Account)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(&m.account)
}

// Opened counts an object, and returns a reader that counts what is read of it.
// What can be read at any place still can.
func (m *Meter) Opened(object io.ReadCloser) io.ReadCloser {
	m.count(func(a *Account) { a.Scanned.Objects++ })
	if at, ok := object.(placed); ok {
		return &countedPlaced{at, m}
	}
	return &counted{object, m}
}

func (m *Meter) read(n int) { m.count(func(a *Account) { a.Scanned.Bytes += int64(n) }) }

// counted counts what is read. Its readers ask for many kilobytes at a time.
type counted struct {
	io.ReadCloser
	meter *Meter
}

// Read reads.
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.meter.read(n)
	return n, err
}

// placed is an object that can be read at any place, as Parquet is.
type placed interface {
	io.ReadCloser
	io.ReaderAt
	Size() int64
	Unchanged() error
}

type countedPlaced struct {
	placed
	meter *Meter
}

// Read reads.
func (c *countedPlaced) Read(p []byte) (int, error) {
	n, err := c.placed.Read(p)
	c.meter.read(n)
	return n, err
}

// ReadAt reads.
func (c *countedPlaced) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.placed.ReadAt(p, off)
	c.meter.read(n)
	return n, err
}

// Decoded counts events of an object that was read, to its end or not.
func (m *Meter) Decoded(events int64) { m.count(func(a *Account) { a.Scanned.Events += events }) }

// Kept counts what was read and kept of an object.
func (m *Meter) Kept(bytes, events int64) {
	m.count(func(a *Account) { a.Billable = a.Billable.add(Volume{1, bytes, events}) })
}

// Found counts what was not read of an object, as it was kept already.
func (m *Meter) Found(bytes, events int64) {
	m.count(func(a *Account) { a.Cached = a.Cached.add(Volume{1, bytes, events}) })
}

// Task counts a task of a stage that began at a time and is over.
func (m *Meter) Task(stage string, began time.Time) {
	took := time.Since(began)
	m.count(func(a *Account) {
		i := 0
		for i < len(a.Stages) && a.Stages[i].Name != stage {
			i++
		}
		if i == len(a.Stages) {
			a.Stages = append(a.Stages, Stage{Name: stage})
		}
		a.Stages[i].Seconds += took.Seconds()
		a.Stages[i].took(took)
	})
}
