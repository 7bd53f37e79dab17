package activation

import (
	"testing"
	"time"
)

// tripped returns a breaker that has just opened, at an instant.
func tripped(t *testing.T, now time.Time) *breaker {
	t.Helper()
	b := &breaker{}
	for range trips {
		p := b.allow(now)
		if p == 0 {
			t.Fatal("it opened too early")
		}
		b.fail(now, p, 0, "503")
	}
	if b.allow(now) != 0 || !b.until.Equal(now.Add(shortestRest)) {
		t.Fatalf("it is open until %s", b.until)
	}
	return b
}

// A breaker opens after some failures, lets single probes through, and does
// what a destination asks for.
func TestBreaker(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	b := tripped(t, now)
	now = now.Add(shortestRest)
	p := b.allow(now)
	if p == 0 || b.allow(now) != 0 {
		t.Fatal("one probe, and only one, is let through")
	}
	b.fail(now, p, 0, "503")
	if !b.until.Equal(now.Add(2 * shortestRest)) {
		t.Fatalf("after a probe it is open until %s", b.until)
	}
	for range 20 {
		now = b.until
		b.fail(now, b.allow(now), 0, "503")
	}
	if !b.until.Equal(now.Add(longestRest)) {
		t.Fatalf("it is open until %s, not for %s at most", b.until, longestRest)
	}
	now = b.until
	b.allow(now)
	if !b.succeed(now) || b.blocked(now) {
		t.Fatal("it does not close")
	}
	b.fail(now, b.allow(now), time.Hour, "429")
	if !b.until.Equal(now.Add(time.Hour)) {
		t.Errorf("what was asked does not count: %s", b.until)
	}
}

// What was on its way when the breaker opened makes no rest longer, however
// much it is, but closes the breaker when it is taken.
func TestAttemptsFromBeforeOpeningAreNoProbes(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	b := &breaker{}
	var rights []permit
	for range 100 { // as the shards of a process send them at once
		rights = append(rights, b.allow(now))
	}
	for _, p := range rights[1:] {
		b.fail(now, p, 0, "no answer")
	}
	if !b.until.Equal(now.Add(shortestRest)) {
		t.Fatalf("it rests until %s, want %s", b.until, now.Add(shortestRest))
	}
	later := now.Add(time.Second)
	if b.succeed(later); b.blocked(later) {
		t.Error("it is still open although the destination answers")
	}
}

// A probe that nobody hears of again keeps others from theirs for a while only.
func TestAProbeIsBounded(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	b := tripped(t, now)
	now = now.Add(shortestRest)
	lost := b.allow(now)
	if !b.blocked(now.Add(longestProbe - 1)) {
		t.Fatal("there is a second probe beside it")
	}
	now = now.Add(longestProbe)
	second := b.allow(now)
	if second == 0 {
		t.Fatal("it keeps others from theirs")
	}
	b.fail(now, lost, 0, "late")
	if b.rest != shortestRest {
		t.Errorf("the late answer makes it rest for %s", b.rest)
	}
	b.release(lost)
	if b.probe != second {
		t.Error("the late answer takes the second probe back")
	}
}

// What is shown changes when a breaker opens, stays open, or closes, and with
// nothing else.
func TestWhatABreakerShows(t *testing.T) {
	began := time.UnixMilli(1_700_000_000_000)
	b := &breaker{}
	b.fail(began, b.allow(began), 0, "503")
	b.succeed(began)
	if c, edition := b.shown(); c != (Circuit{}) || edition != 0 {
		t.Fatalf("one failure shows %+v", c)
	}
	b = tripped(t, began)
	c, edition := b.shown()
	probe := began.Add(shortestRest)
	if want := (Circuit{Open: true, Since: began.UnixMilli(), Probe: probe.UnixMilli(), Reason: "503"}); c != want || edition != 1 {
		t.Fatalf("it shows %+v, want %+v", c, want)
	}
	if c.State(began) != Opened || c.State(probe) != HalfOpen {
		t.Errorf("it is %s and then %s", c.State(began), c.State(probe))
	}
	b.fail(probe, b.allow(probe), 0, "504")
	if c, edition = b.shown(); c.Since != began.UnixMilli() || c.Probe <= probe.UnixMilli() || c.Reason != "504" || edition != 2 {
		t.Errorf("behind a probe it shows %+v", c)
	}
	b.succeed(probe)
	if c, _ = b.shown(); c != (Circuit{Since: probe.UnixMilli(), Reason: "504"}) || c.State(probe) != Closed {
		t.Errorf("it has closed and shows %+v", c)
	}
	text, err := c.encode()
	if got, wrong := DecodeCircuit(text); err != nil || wrong != nil || got != c {
		t.Errorf("%s is %+v, %v %v", text, got, err, wrong)
	}
}
