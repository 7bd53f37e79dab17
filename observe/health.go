package observe

import (
	"maps"
	"slices"
	"sync"
)

// Health knows which parts of the process are not ready to work, and why,
// and which work but need somebody to look. It is safe for concurrent use.
type Health struct {
	mu      sync.Mutex
	waiting map[string]string // part -> reason
	notes   map[string]string // part -> what to look at
}

// NewHealth returns the health of a process that waits for nothing.
func NewHealth() *Health { return &Health{waiting: map[string]string{}, notes: map[string]string{}} }

// Wait says that a part is not ready, and why. It reports whether the part
// was ready before.
func (h *Health) Wait(part, reason string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, waited := h.waiting[part]
	h.waiting[part] = reason
	return !waited
}

// Ready says that a part is ready. It reports whether it was not before.
func (h *Health) Ready(part string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, waited := h.waiting[part]
	delete(h.waiting, part)
	return waited
}

// Note says that somebody should look at a part. It stays ready.
func (h *Health) Note(part, what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.notes[part] = what
}

// Clear says that there is nothing to look at in a part.
func (h *Health) Clear(part string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.notes, part)
}

// Waiting returns "part: reason" of everything that is not ready, sorted.
func (h *Health) Waiting() []string { return h.lines(h.waiting) }

// Notes returns "part: what" of everything somebody should look at, sorted.
func (h *Health) Notes() []string { return h.lines(h.notes) }

func (h *Health) lines(of map[string]string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []string
	for _, part := range slices.Sorted(maps.Keys(of)) {
		list = append(list, part+": "+of[part])
	}
	return list
}
