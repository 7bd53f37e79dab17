package observe

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Health knows which parts of the process are not ready to work, and why,
// and which work but need somebody to look. It is safe for concurrent use.
type Health struct {
	mu       sync.Mutex
	waiting  map[string]string   // part -> reason
	troubles map[string]*trouble // by part
	notes    map[string]string   // part -> what to look at
}

// NewHealth returns the health of a process that waits for nothing.
func NewHealth() *Health {
	return &Health{waiting: map[string]string{}, troubles: map[string]*trouble{}, notes: map[string]string{}}
}

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

// Fail says that something a part needs has failed and is tried again. The
// part counts as not ready once it has failed for Patience without a break.
// Attempts with the same cause count as one.
func (h *Health) Fail(part, cause, reason string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	t := h.troubles[part]
	if t == nil || t.over(now) {
		t = newTrouble(now)
		h.troubles[part] = t
	}
	t.fail(cause, reason)
}

// Mend says that a cause of failing is no more. The part counts as ready
// when it has had none for Patience.
func (h *Health) Mend(part, cause string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.troubles[part]; t != nil {
		t.mend(cause, time.Now())
	}
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
func (h *Health) Waiting() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	reasons := maps.Clone(h.waiting)
	for part, t := range h.showing() {
		reasons[part] = t.text()
	}
	return lines(reasons)
}

// Failing returns how many parts whose names begin with prefix count as not
// ready because they fail again and again. While one is tried again it still
// counts, so that whoever looks then is not told that nothing is wrong.
func (h *Health) Failing(prefix string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	count := 0
	for part := range h.showing() {
		if strings.HasPrefix(part, prefix) {
			count++
		}
	}
	return count
}

// showing returns the parts that count as not ready, and forgets those whose
// trouble is over.
func (h *Health) showing() map[string]*trouble {
	now, showing := time.Now(), map[string]*trouble{}
	for part, t := range h.troubles {
		switch {
		case t.shows(now):
			showing[part] = t
		case t.over(now):
			delete(h.troubles, part)
		}
	}
	return showing
}

// Notes returns "part: what" of everything somebody should look at, sorted.
func (h *Health) Notes() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return lines(h.notes)
}

func lines(of map[string]string) []string {
	var list []string
	for _, part := range slices.Sorted(maps.Keys(of)) {
		list = append(list, part+": "+of[part])
	}
	return list
}
