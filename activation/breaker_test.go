package activation

import (
	"testing"
	"time"
)

// A breaker opens after some failures, lets single probes through, and does
// what a destination asks for.
func TestBreaker(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	b := &breaker{}
	for range trips {
		if !b.allow(now) {
			t.Fatal("it opened too early")
		}
		b.fail(now, 0)
	}
	if b.allow(now) || b.open(now) != now.Add(shortestRest) {
		t.Fatalf("it is open until %s", b.open(now))
	}
	now = now.Add(shortestRest)
	if !b.allow(now) || b.allow(now) {
		t.Fatal("one probe, and only one, is let through")
	}
	b.fail(now, 0)
	if b.open(now) != now.Add(2*shortestRest) {
		t.Fatalf("after a probe it is open until %s", b.open(now))
	}
	for range 20 {
		now = b.open(now)
		b.allow(now)
		b.fail(now, 0)
	}
	if b.open(now) != now.Add(longestRest) {
		t.Fatalf("it is open until %s, not for %s at most", b.open(now), longestRest)
	}
	now = b.open(now)
	b.allow(now)
	b.succeed()
	b.fail(now, time.Hour)
	if b.open(now) != now.Add(time.Hour) {
		t.Errorf("what was asked does not count: %s", b.open(now))
	}
}
