package engine_test

import (
	"math/rand/v2"
	"testing"

	"muster/event"
	"muster/profile"
	"muster/test/kit/generate"
	"muster/test/kit/ruleset"
)

// order gives the profile an order at an instant, of an amount.
func (s *subject) order(t *testing.T, at int64, amount float64) {
	t.Helper()
	s.clock = max(s.clock, at)
	ev := event.Event{
		Type: event.Track, Profile: "p", Name: "Order", Time: at, Arrival: at,
		Body: event.ObjectOf([]event.Value{text("amount"), number(amount)}),
	}
	if _, changed := s.apply(&ev); changed == nil {
		t.Fatal("the order was not applied")
	}
}

// second is n seconds into a subject's time.
func second(n int64) int64 { return began + n*1000 }

// TestCountOf7WithThreshold3NeedsNoTimerUntilTheFifthOldestLeaves also for
// all the other ways in which a window can look ahead.
func TestCountOf7WithThreshold3NeedsNoTimerUntilTheFifthOldestLeaves(t *testing.T) {
	const none = -1
	for _, c := range []struct {
		rule string
		want int64 // the second at which to wake
	}{
		// Orders of 10, 20, ... 70 at the seconds 1 to 7; a window of 100 s.
		{`count(events("Order", "100s")) >= 3`, 105},
		{`count(events("Order", "100s")) > 3`, 104},
		{`count(events("Order", "100s")) > 9`, none},
		{`count(events("Order", "100s")) == 0`, 107},
		{`count(events("Order", "100s")) in 2..4`, 103},
		{`count(events("Order", "100s", "50s")) >= 3`, 53},
		{`count(events("Order", "100s", "50s")) > 7`, none},
		{`sum(events("Order", "100s"), .amount) > 220`, 103}, // 280 - 10 - 20 - 30
		{`sum(events("Order", "100s"), -.amount) < -220`, 103},
		{`sum(events("Order", "100s"), .amount) >= 250`, 103}, // 250 is left, then 220
		{`sum(events("Order", "100s"), .amount) >= 0`, none},
		{`mean(map(events("Order", "100s"), .amount)) < 60`, 104}, // 40, 45, 50, 55, then 60
		{`min(map(events("Order", "100s"), .amount)) < 35`, 103},
		{`max(map(events("Order", "100s"), .amount)) > 35`, 107},
		// A window that is empty now may come to hold anything.
		{`max(map(events("Order", "100s", "50s"), .amount)) > 35`, 51},
		{`min(map(events("Order", "100s", "50s"), .amount)) > 5`, 51},
		{`count(uniq(map(events("Order", "100s"), .amount))) >= 3`, 105},
		{`count(uniq(map(events("Order", "100s", "50s"), .amount))) >= 3`, 53},
		{`first(events("Order", "100s")).amount > 35`, 103},
		{`last(events("Order", "100s")).amount > 35`, 107},
		{`last(events("Order", "100s", "50s")).amount > 35`, 51},
		{`last(events("Order", "100s")).event_time > ago("30s")`, 37},
		{`count(events("Order", "100s")) >= 3 and count(events("Order", "50s")) >= 6`, 52},
		// Not an aggregate as it stands: whatever may change it.
		{`count(events("Order", "100s")) * 2 >= 3`, 101},
		{`count(events("Order")) >= 3`, none},
	} {
		s := newSubject(ruleset.One(t, c.rule))
		for i := range int64(7) {
			s.order(t, second(i+1), float64(10*(i+1)))
		}
		got, want := s.incremental.Deadline(s.profile, s.clock), second(c.want)
		if c.want == none {
			want = 0
		}
		if got != want {
			t.Errorf("%s: woken at second %d, want %d", c.rule, (got-second(0))/1000, c.want)
		}
	}
}

// TestNewestEventsDoForCounts keeps no more events than a threshold needs,
// unless something else reads them.
func TestNewestEventsDoForCounts(t *testing.T) {
	for rule, want := range map[string]int{
		`count(events("Order", "100s")) >= 3`:                                                                4,
		`count(events("Order", "100s")) > 2.5 or count(events("Order", "10s")) == 7`:                         8,
		`count(events("Order", "100s")) >= 0`:                                                                1,
		`count(events("Order", "100s")) >= 3 and count(events("Order", "100s", "1s")) >= 1`:                  0,
		`count(events("Order", "100s")) >= 3 and count(events("Order", "9s")) > count(events("Page", "9s"))`: 0,
		`count(events("Order", "100s")) >= 3 and count(events("Order", "9s")) * 2 > 5`:                       0,
		`count(events("Order", "100s")) / 0 > 3`:                                                             0,
	} {
		set := ruleset.One(t, rule)
		for _, one := range set.Schema().Series {
			if one.Name == "Order" && one.Newest != want {
				t.Errorf("%s: the newest %d are kept, want %d", rule, one.Newest, want)
			}
		}
	}
}

// TestDeadlinesOfManyEvents follows random sets and demands that nothing
// flips between deadlines, and that most of them flip something: if every
// event that leaves a window woke, seven of ten would not. The rest are what
// no scale foresees: values put together of others, and windows that were
// empty.
func TestDeadlinesOfManyEvents(t *testing.T) {
	wakes, idle := 0, 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 77))
		s := newSubject(compileNumbered(t, 20, func(int) string { return generate.Rule(r, 0, nil) }))
		for range 60 {
			ev := generate.Event(r, []string{"p"}, s.clock)
			w, i := s.pass(t, max(s.clock, ev.Arrival))
			wakes, idle = wakes+w, idle+i
			s.apply(&ev)
		}
	}
	t.Logf("%d wakes, of which %d flipped nothing", wakes, idle)
	if idle*2 > wakes {
		t.Errorf("%d of %d wakes flipped nothing", idle, wakes)
	}
}

// TestMembershipsFollowWhatAProfileGivesUp: past the bounds on entries and
// state nothing is exact, but what is kept and what follows from it agree.
func TestMembershipsFollowWhatAProfileGivesUp(t *testing.T) {
	relieved := 0
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 78))
		s := newSubject(compileNumbered(t, 60, func(int) string { return generate.Rule(r, 1, nil) }))
		s.limits.Entries, s.limits.StateBytes = 16, 4096
		for range 500 {
			ev := generate.Event(r, []string{"p"}, s.clock)
			s.pass(t, s.clock+r.Int64N(20_000))
			ev.Arrival, ev.Time = s.clock, min(ev.Time, s.clock)
			_, changed := s.apply(&ev)
			s.compare(t)
			if changed != nil && changed.Relieved {
				relieved++
			}
		}
	}
	t.Logf("detail was given up at %d events", relieved)
	if relieved < 20 {
		t.Error("the bound was hardly passed")
	}
}

// pass lets time go on to an instant, waking the profile when it is due,
// and evaluates everything just before each wake: nothing may flip there.
// It returns the number of wakes and of those that flipped nothing.
func (s *subject) pass(t *testing.T, until int64) (wakes, idle int) {
	t.Helper()
	if !s.profile.Exists() { // nothing is held before
		s.clock, s.profile = until, profile.New("p")
		s.incremental.Full(s.profile, until)
		return 0, 0
	}
	for {
		at := s.incremental.Deadline(s.profile, s.clock)
		s.clock = until
		if at != 0 && at <= until {
			s.clock = at - 1
		}
		s.compare(t)
		if s.clock == until {
			return wakes, idle
		}
		s.clock = at
		wakes++
		if len(s.incremental.Wake(s.profile, at)) == 0 {
			idle++
		}
		s.compare(t)
	}
}
