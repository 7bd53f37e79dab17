package stream

import (
	"testing"
	"time"
)

// Waits are at random from 0 to a bound that doubles up to the longest.
func TestWaitsGrowAndHaveFullJitter(t *testing.T) {
	const first, most = 50 * time.Millisecond, time.Second
	for attempt, bound := range map[int]time.Duration{0: first, 3: 8 * first, 5: most, 1 << 40: most} {
		shortest, longest := bound, time.Duration(0)
		for range 2000 {
			wait := (&backoff{first: first, most: most, attempt: attempt}).next()
			shortest, longest = min(shortest, wait), max(longest, wait)
		}
		if longest > bound || longest < bound*9/10 || shortest > bound/10 {
			t.Errorf("after %d attempts: from %s to %s, want 0 to %s", attempt, shortest, longest, bound)
		}
	}
}
