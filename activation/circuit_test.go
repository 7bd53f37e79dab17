package activation

import (
	"strconv"
	"testing"
	"time"
)

// stored returns what is stored of the breaker.
func (r *rig) stored(t *testing.T) Circuit {
	t.Helper()
	c, err := DecodeCircuit(r.memory.standing.Breaker)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// turn is a round and what is shown behind it.
func (r *rig) turn(t *testing.T) {
	t.Helper()
	if _, err := r.round(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.report(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// The state of a breaker is stored when it changes and at no other time, and
// an owner that knows better puts it right.
func TestTheStateOfABreakerIsStored(t *testing.T) {
	r := newRig(t, 1)
	for v := range uint64(20) {
		r.memory.add(strconv.FormatUint(v, 10), "a", true, 1)
	}
	r.concurrency = 1
	r.receiver.answer = func(Message) (bool, Answer) { return false, Answer{Verdict: Deferred, Reason: "503"} }
	if err := r.claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.turn(t)
	opened := r.clock
	if c := r.stored(t); c.State(r.clock) != Opened || c.Reason != "503" || c.Since != opened.UnixMilli() {
		t.Fatalf("stored is %+v", c)
	}
	saves := r.memory.saves
	for range 10 {
		r.turn(t)
	}
	if r.memory.saves != saves {
		t.Errorf("%d saves while nothing changed", r.memory.saves-saves)
	}
	r.clock = r.clock.Add(shortestRest)
	if c := r.stored(t); c.State(r.clock) != HalfOpen {
		t.Errorf("when a probe may be made it is %s", c.State(r.clock))
	}
	r.turn(t)
	if c := r.stored(t); c.State(r.clock) != Opened || c.Since != opened.UnixMilli() {
		t.Errorf("behind a probe stored is %+v", c)
	}
	r.receiver.answer = func(Message) (bool, Answer) { return true, Answer{Verdict: Delivered} }
	r.clock = r.clock.Add(longestRest)
	r.turn(t)
	if c := r.stored(t); c.State(r.clock) != Closed || c.Since != r.clock.UnixMilli() || c.Reason != "503" {
		t.Errorf("when it has closed stored is %+v", c)
	}

	r.start(1) // as a process whose breaker never opened
	if err := r.claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.turn(t)
	if c := r.stored(t); c != (Circuit{}) {
		t.Errorf("stored is the breaker of the process before: %+v", c)
	}
}

// While a breaker is open nothing is taken from the outbox, however many
// probes fail: what waits stays bounded.
func TestAnOpenBreakerLeavesChangesInTheOutbox(t *testing.T) {
	r := newRig(t, 1)
	for v := range uint64(3 * roundSize) {
		r.memory.add("p", "a", v%2 == 0, v+1)
		r.memory.add(strconv.FormatUint(v%20, 10), "b", v%2 == 0, v+1)
	}
	r.patient = true
	r.start(1)
	r.receiver.answer = func(Message) (bool, Answer) { return false, Answer{Verdict: Deferred, Reason: "503"} }
	if err := r.claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 50 {
		r.turn(t)
		r.clock = r.clock.Add(longestRest)
	}
	if n := len(r.memory.wait); n == 0 || n > roundSize {
		t.Errorf("%d messages wait, want at most those of a round", n)
	}
}

// Where another shard's probe is on its way a courier does nothing.
func TestAProbeIsNobodyElsesWork(t *testing.T) {
	r := newRig(t, 1)
	r.memory.add("p", "a", true, 1)
	if err := r.claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.breaker = tripped(t, r.clock)
	r.clock = r.clock.Add(shortestRest)
	probe := r.breaker.allow(r.clock) // of another shard, and the destination hangs
	if more, err := r.round(t.Context()); more || err != nil || len(r.memory.wait) > 0 || r.memory.read > 0 {
		t.Fatalf("more %t, %v; %d wait, %d were read", more, err, len(r.memory.wait), r.memory.read)
	}
	if probe == 0 || !r.breaker.succeed(r.clock) {
		t.Fatal("the probe was none")
	}
	r.settle(t, 1)
	if r.receiver.version["p"] != 1 {
		t.Errorf("processed %v", r.receiver.version)
	}
}

// A round begins attempts for a bounded time, and what is left is sent by the
// next ones: in between, orders are looked for.
func TestARoundIsBounded(t *testing.T) {
	r := newRig(t, 1)
	for v := range uint64(50) {
		r.memory.add(strconv.FormatUint(v, 10), "a", true, 1)
	}
	r.concurrency = 1
	r.receiver.answer = func(Message) (bool, Answer) { // it is slow
		r.clock = r.clock.Add(roundMost / 10)
		return true, Answer{Verdict: Delivered}
	}
	if err := r.claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	for rounds := 1; ; rounds++ {
		began := r.clock
		more, err := r.round(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if took := r.clock.Sub(began); took > roundMost {
			t.Fatalf("a round took %s", took)
		}
		if !more {
			if len(r.receiver.taken) != 50 || rounds < 5 {
				t.Errorf("%d of 50 were taken in %d rounds", len(r.receiver.taken), rounds)
			}
			return
		}
	}
}

// How long a second ago is does not matter to an order to end: the round makes
// no more attempts, and the others wait.
func TestWhoIsToLeaveMakesNoMoreAttempts(t *testing.T) {
	r := newRig(t, 1)
	for v := range uint64(50) {
		r.memory.add(strconv.FormatUint(v, 10), "a", true, 1)
	}
	leave, sent := make(chan struct{}), 0
	r.leaving, r.concurrency = leave, 1
	r.receiver.answer = func(Message) (bool, Answer) {
		if sent++; sent == 3 {
			close(leave)
		}
		return true, Answer{Verdict: Delivered}
	}
	if err := r.claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.turn(t)
	if sent != 3 || len(r.memory.wait) != 47 {
		t.Errorf("%d were sent, %d wait", sent, len(r.memory.wait))
	}
	r.clock = r.clock.Add(time.Hour)
	r.start(1)
	r.settle(t, 1)
	if len(r.receiver.taken) != 50 {
		t.Errorf("%d of 50 were taken", len(r.receiver.taken))
	}
}
