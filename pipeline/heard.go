package pipeline

import (
	"math/rand/v2"
	"sync"

	"muster/event"
	"muster/rules"
)

const (
	// heardPaths is how many names and paths a Heard knows at most, which take
	// some 3 MB. What comes beyond them is not noted.
	heardPaths = 20_000
	// heardOfBatch is how many events of a batch are looked at: of small ones
	// all, of large ones so few that it costs nothing.
	heardOfBatch = 8
)

// Heard is what the events of this process are called and what they bring
// in properties and traits, since it began: a rules.Vocabulary for all workers. It is safe for concurrent
// use. No worker ever waits for it: while another one adds to it, or while it
// is read, a batch is passed over.
type Heard struct {
	mu    sync.Mutex
	known *rules.Vocabulary
}

// NewHeard returns a Heard that knows nothing.
func NewHeard() *Heard { return &Heard{known: rules.NewVocabulary(heardPaths)} }

// hear looks at some events of a batch, evenly over it.
func (h *Heard) hear(events []event.Event) {
	if len(events) == 0 || !h.mu.TryLock() {
		return
	}
	defer h.mu.Unlock()
	step := max(1, len(events)/heardOfBatch)
	first := rand.IntN(step)
	for i := 0; i < heardOfBatch && first+i*step < len(events); i++ {
		one := events[first+i*step]
		one.Context = event.Value{} // only what rules read of contexts is decoded, and that tells nothing of the rest
		h.known.Add(&one)
	}
}

// MarshalJSON writes it as a rules.Vocabulary reads it.
func (h *Heard) MarshalJSON() ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.known.MarshalJSON()
}
