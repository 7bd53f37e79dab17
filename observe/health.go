package observe

import (
	"maps"
	"slices"
	"sync"
)

// Health knows which parts of the process are not ready to work, and why.
// It is safe for concurrent use.
type Health struct {
	mu      sync.Mutex
	waiting map[string]string // part -> reason
}

// NewHealth returns the health of a process that waits for nothing.
func NewHealth() *Health { return &Health{waiting: map[string]string{}} }

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

// Waiting returns "part: reason" of everything that is not ready, sorted.
func (h *Health) Waiting() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []string
	for _, part := range slices.Sorted(maps.Keys(h.waiting)) {
		list = append(list, part+": "+h.waiting[part])
	}
	return list
}
