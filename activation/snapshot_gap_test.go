package activation

import (
	"fmt"
	"testing"
)

// gapped returns a world whose outbox has dropped changes that were not read.
func gapped(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, 1)
	for i := range 10 {
		w.flip(fmt.Sprint("p", i), "a")
	}
	w.memory.dropped = 6
	w.enter(1)
	return w
}

// A gap is counted once and told once, also when the store breaks in the middle.
func TestAGapIsToldOnce(t *testing.T) {
	for name, err := range map[string]error{"before": errBreak, "behind": errLateBreak} {
		t.Run(name, func(t *testing.T) {
			w := gapped(t)
			saves := 0
			w.memory.breaks = func() error {
				if saves++; saves == 2 { // the first says what is being sent
					return err
				}
				return nil
			}
			for range 5 { // the same process, which claims again
				if err := w.claim(t.Context()); err != nil {
					t.Fatal(err)
				}
				_, _ = w.round(t.Context())
			}
			if w.missed != 6 || w.memory.counts[CountMissed] != 6 {
				t.Errorf("%d changes are told, %d counted, want 6", w.missed, w.memory.counts[CountMissed])
			}
		})
	}
}

// Shards that have gaps at the same time ask for one run, and a shard that has
// one after the other asks once in a while.
func TestGapsAskForFewRuns(t *testing.T) {
	w, other := gapped(t), gapped(t)
	w.finish(1)
	if w.asked != 1 || w.orders == "" || len(w.ended) != 1 || w.ended[0] != (Ended{Run: w.orders, Named: 10, Told: true}) {
		t.Fatalf("%d runs are asked for, %q is; ended %+v", w.asked, w.orders, w.ended)
	}
	w.compare()
	other.step(1)
	other.orders = w.orders // the first shard has asked meanwhile
	other.finish(1)
	if other.orders != w.orders || len(other.ended) != 1 {
		t.Errorf("%q is asked for in place of %q; ended %+v", other.orders, w.orders, other.ended)
	}
	asked := w.asked
	for range 3 {
		for i := range 3 {
			w.flip(fmt.Sprint("p", i), "a")
		}
		w.memory.dropped = len(w.memory.changes) - 1
		for w.step(1) {
		}
	}
	if w.asked != asked {
		t.Errorf("%d more runs are asked for at once", w.asked-asked)
	}
	w.clock = w.clock.Add(gapEvery)
	w.finish(1)
	w.compare()
	if w.asked != asked+1 {
		t.Errorf("%d more runs are asked for, want 1", w.asked-asked)
	}
}

// Members that are given up keep the destination from being told that a part has
// ended, and the run from going on for ever.
func TestAPartWithMembersGivenUpHasNoEnd(t *testing.T) {
	w := newWorld(t, 1)
	w.initial = true
	for i := range 10 {
		w.flip(fmt.Sprint("p", i), "a")
	}
	w.memory.standing = Standing{Behind: "10", Number: 10, Until: 10}
	w.enter(1)
	w.believer.answer = func(m Message) (bool, Answer) {
		if string(m.Body)[:2] == "p7" {
			return false, Answer{Verdict: Refused, Reason: "400 Bad Request"}
		}
		return true, Answer{Verdict: Delivered}
	}
	w.finish(1)
	if len(w.ended) != 1 || w.ended[0] != (Ended{Run: InitialRun, Named: 10, Lost: 1}) || len(w.believer.parts[InitialRun]) > 0 {
		t.Errorf("ended %+v, parts %v", w.ended, w.believer.parts)
	}
}

// A run waits when many of its messages do.
func TestARunIsBounded(t *testing.T) {
	w := newWorld(t, 1)
	w.initial = true
	for i := range 4 * owedMost {
		w.flip(fmt.Sprintf("p%05d", i), "a")
	}
	n := len(w.memory.changes)
	w.memory.standing = Standing{Behind: fmt.Sprint(n), Number: int64(n), Until: int64(n)}
	w.enter(1)
	count, away := 0, true
	w.believer.answer = func(Message) (bool, Answer) {
		if count++; away && count > 1 && count%3 != 0 { // too few in a row for the breaker
			return false, Answer{Verdict: Deferred}
		}
		return true, Answer{Verdict: Delivered}
	}
	for w.step(1) {
	}
	page := int64(pageMessages * w.concurrency)
	if got := w.memory.standing.Owed; got < owedMost || got > owedMost+page || w.memory.standing.Mark == allNamed {
		t.Errorf("%d messages wait, want %d and no more than %d above", got, owedMost, page)
	}
	// Changes go on meanwhile.
	w.flip("p00000", "b")
	w.step(1)
	if w.memory.standing.Number != int64(n)+1 {
		t.Errorf("the change is not passed: %+v", w.memory.standing)
	}
	away = false
	w.finish(1)
	w.compare()
}
