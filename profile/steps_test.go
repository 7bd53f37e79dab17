package profile

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"muster/event"
)

// sequenceOf is a series of the steps with the given names; a name that ends
// with * is a prefix.
func sequenceOf(k Keep, within, window int64, names ...string) Series {
	s := Series{Key: fmt.Sprint(k, within, names), Keep: k, Within: within, Window: window}
	for _, name := range names {
		one := Step{Name: name}
		if n := len(name) - 1; name[n] == '*' {
			one.Name, one.Prefix = name[:n], true
		}
		s.Steps = append(s.Steps, one)
	}
	return s
}

// told is an event as the tests know it, in order of arrival.
type told struct {
	at   int64
	name string
}

// inOrder sorts events by time; those of the same time keep their order.
func inOrder(events []told) []told {
	sorted := slices.Clone(events)
	slices.SortStableFunc(sorted, func(a, b told) int { return int(a.at - b.at) })
	return sorted
}

func (s *Step) has(e told) bool { return s.takes(&event.Event{Name: e.name, Time: e.at}) }

// begun is the greatest time of a first event from which all steps follow
// within the time, by looking at every event.
func begun(s *Series, events []told) int64 {
	sorted, best := inOrder(events), int64(none)
	for i, first := range sorted {
		if !s.Steps[0].has(first) {
			continue
		}
		step := 1
		for _, e := range sorted[i+1:] {
			if step < len(s.Steps) && s.Steps[step].has(e) && e.at-first.at <= s.Within {
				step++
			}
		}
		if step == len(s.Steps) {
			best = max(best, first.at)
		}
	}
	return best
}

// left is the time of the last event of the first step, if no event of the
// second stands behind it.
func left(s *Series, events []told) int64 {
	at := int64(none)
	for _, e := range inOrder(events) {
		switch {
		case s.Steps[0].has(e):
			at = e.at
		case s.Steps[1].has(e):
			at = none
		}
	}
	return at
}

func read(p *Profile, s *Schema, r Reduce, from, now int64) int64 {
	if v := p.Read(s, Query{Reduce: r, From: from}, now); !v.IsMissing() {
		return v.Millis()
	}
	return none
}

// TestStepsAreTheDefinition holds what is kept of steps against looking at
// all events again, with late ones among them, and each time read back from
// the stored form.
func TestStepsAreTheDefinition(t *testing.T) {
	names, cfg, found := []string{"A", "B", "AB", "C"}, Default(), map[Keep]int{}
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		steps := make([]string, 2+r.IntN(3))
		for i := range steps {
			steps[i] = []string{"A", "B", "AB", "C", "A*", "*"}[r.IntN(6)]
		}
		within, window := int64(1+r.IntN(40)), int64(20+r.IntN(100))
		kinds := []Series{
			sequenceOf(KeepRecentSequence, within, window, steps...), sequenceOf(KeepTotalSequence, within, 0, steps...), sequenceOf(KeepTotalAbandoned, 0, 0, steps[:2]...),
		}
		one := kinds[r.IntN(3)]
		s, p, now := NewSchema(nil, []Series{one}), New("p"), int64(1000)
		var history []told
		for range 30 {
			now += int64(r.IntN(10))
			e := told{now - int64(r.IntN(3)*r.IntN(60)), names[r.IntN(len(names))]}
			history = append(history, e)
			ev := event.Event{Type: event.Track, Name: e.name, Time: e.at, Arrival: now}
			before := read(p, s, reduceOf(one.Keep), one.Window, now)
			var changed Changed
			p.Apply(s, &cfg, &ev, now, &changed)
			p = decoded(t, codecOf(s), p, now)
			want := begun(&one, history)
			if one.Keep == KeepTotalAbandoned {
				want = left(&one, history)
			}
			if one.Keep == KeepRecentSequence && want <= now-window {
				want = none
			}
			got := read(p, s, reduceOf(one.Keep), one.Window, now)
			if got != want && (one.Keep != KeepTotalSequence || (got == none) != (want == none)) {
				t.Fatalf("seed %d: %v within %d, window %d, at %d after %v: got %d, want %d", seed, steps, within, window, now, history, got, want)
			}
			if got != before && len(changed.Series) != 1 {
				t.Fatalf("seed %d: from %d to %d without a word", seed, before, got)
			}
			if got != none {
				found[one.Keep]++
			}
		}
	}
	if len(found) != 3 || found[KeepRecentSequence] < 100 {
		t.Errorf("values were there %v times", found)
	}
}

func reduceOf(k Keep) Reduce {
	if k == KeepTotalAbandoned {
		return ReduceAbandoned
	}
	return ReduceSequence
}

// TestSequenceKeepsNoMoreThanItsBound completes a sequence whose first event
// was folded long ago; of late events only those before the folded ones take
// no part.
func TestSequenceKeepsNoMoreThanItsBound(t *testing.T) {
	one := sequenceOf(KeepRecentSequence, 1<<40, 1<<41, "A", "B", "C")
	cfg, s, p := Default(), NewSchema(nil, []Series{one}), New("p")
	cfg.Entries = 16
	apply := func(at int64, name string) {
		p.Apply(s, &cfg, &event.Event{Type: event.Track, Name: name, Time: at, Arrival: 1 << 20}, 1<<20, &Changed{})
		if n := len(p.kept[0].points.steps.times); n > 16 {
			t.Fatalf("%d events are kept", n)
		}
		p = decoded(t, codecOf(s), p, 1<<20)
	}
	for i := range int64(100) {
		apply(1000+i, "A")
	}
	for i := range int64(100) {
		apply(2000+2*i, "B")
	}
	apply(1050, "C") // before the folded ones
	if got := read(p, s, ReduceSequence, 1<<41, 1<<20); got != none {
		t.Errorf("an event later than it may be took part: %d", got)
	}
	apply(2195, "C") // between those kept
	if got := read(p, s, ReduceSequence, 1<<41, 1<<20); got != 1099 {
		t.Errorf("the sequence began at %d", got)
	}
}

// TestCompleteSequenceKeepsNothing of the events it was made of, nor of any
// that follow.
func TestCompleteSequenceKeepsNothing(t *testing.T) {
	one := sequenceOf(KeepTotalSequence, 10, 0, "A", "B")
	cfg, s, p := Default(), NewSchema(nil, []Series{one}), New("p")
	for _, e := range []told{{100, "A"}, {105, "B"}, {106, "A"}, {107, "B"}} {
		p.Apply(s, &cfg, &event.Event{Type: event.Track, Name: e.name, Time: e.at, Arrival: 200}, 200, &Changed{})
	}
	if kept := p.kept[0].points.steps; len(kept.times) > 0 || kept.latest != 100 {
		t.Errorf("kept %+v", kept)
	}
}

// TestStepsGiveWay folds steps when the profile's state is full.
func TestStepsGiveWay(t *testing.T) {
	cfg, s, p := Default(), NewSchema(nil, []Series{sequenceOf(KeepTotalSequence, 10, 0, "A", "B")}), New("p")
	cfg.StateBytes = 4096
	relieved := false
	for i := range int64(2000) {
		var changed Changed
		p.Apply(s, &cfg, &event.Event{Type: event.Track, Name: "A", Time: i, Arrival: 5000}, 5000, &changed)
		relieved = relieved || changed.Relieved
		if p.stateBytes > cfg.StateBytes {
			t.Fatalf("after %d events %d bytes", i, p.stateBytes)
		}
	}
	ev := event.Event{Type: event.Track, Name: "B", Time: 2005, Arrival: 5000}
	p.Apply(s, &cfg, &ev, 5000, &Changed{})
	if !relieved || read(p, s, ReduceSequence, 0, 5000) != 1999 {
		t.Errorf("relieved: %t, began at %d", relieved, read(p, s, ReduceSequence, 0, 5000))
	}
}

func TestStepsRefuseBrokenBlobs(t *testing.T) {
	one := sequenceOf(KeepTotalSequence, 10, 0, "A", "B")
	whole := newSteps()
	whole.insert(100, 1)
	whole.insert(105, 1)
	text := whole.encode()
	if _, ok := decodeSteps(text, &one); !ok {
		t.Fatal("what was written can't be read")
	}
	for n := range len(text) {
		if _, ok := decodeSteps(text[:n], &one); ok {
			t.Errorf("%d of %d bytes are read", n, len(text))
		}
	}
	for _, p := range []points{{}, {times: []int64{1}, vals: []string{text}}, {vals: []string{text, text}}, {vals: []string{text + "x"}}} {
		if p.ordered(&one) {
			t.Errorf("%+v is read", p)
		}
	}
}
