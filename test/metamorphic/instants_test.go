package metamorphic

import (
	"maps"
	"math"
	"reflect"
	"slices"
	"testing"

	"muster/event"
	"muster/test/kit/oracle"
)

// TestMembersAtEveryInstant asks for all members at every instant at which
// the oracle says that something can flip, at every deadline the engine has,
// at every event, and a millisecond before and after each of them.
func TestMembersAtEveryInstant(t *testing.T) {
	s := shape{rules: 25, profiles: 6, records: 80}
	each(t, s, func(t *testing.T, h *history) {
		o, err := oracle.New(h.texts)
		if err != nil {
			t.Fatal(err)
		}
		w := &watcher{replica: newReplica(t, h.set), oracle: o, want: map[string][]string{}}
		for _, group := range h.groups {
			for i := range group {
				w.until(group[i].Arrival)
				w.apply(&group[i])
			}
		}
		w.until(h.end() + 5*week)
		t.Logf("%d instants, %d changes", w.asked, len(w.changes))
		if w.asked < 1000 || len(w.changes) < 100 {
			t.Error("that is too little to say anything")
		}
	})
}

// watcher moves a shard and the oracle on together.
type watcher struct {
	*replica
	oracle *oracle.Oracle
	want   map[string][]string // memberships as the oracle has them now
	asked  int
}

// apply gives both an event.
func (w *watcher) apply(ev *event.Event) {
	w.t.Helper()
	w.replica.apply(ev)
	w.oracle.Apply(ev)
	w.ask(w.oracle.Clock(), ev.Profile)
	w.compare()
}

// until stops at every instant up to end, and at the end itself.
func (w *watcher) until(end int64) {
	w.t.Helper()
	upcoming := map[int64][]string{}
	for _, profile := range w.oracle.Profiles() {
		for _, at := range w.oracle.Instants(profile, w.oracle.Clock(), end) {
			upcoming[at] = append(upcoming[at], profile)
		}
	}
	instants := slices.Sorted(maps.Keys(upcoming))
	for now := w.oracle.Clock(); now < end; {
		now = min(w.deadline(now), end)
		if len(instants) > 0 && instants[0] <= now {
			now, instants = instants[0], instants[1:]
		}
		w.advance(now)
		profiles := upcoming[now]
		if len(profiles) == 0 {
			profiles = w.oracle.Profiles()
		}
		w.ask(now, profiles...)
		w.compare()
	}
}

// deadline returns the first instant after now that is a deadline of the
// engine, or a millisecond beside one.
func (w *watcher) deadline(now int64) int64 {
	first := int64(math.MaxInt64)
	for _, id := range w.oracle.Profiles() {
		due := w.driver.Profile(id).Deadline
		if due == 0 {
			continue
		}
		for _, at := range []int64{due - 1, due, due + 1} {
			if at > now {
				first = min(first, at)
			}
		}
	}
	return first
}

// ask notes what the oracle has of some profiles.
func (w *watcher) ask(now int64, profiles ...string) {
	w.oracle.Advance(now)
	for _, profile := range profiles {
		w.asked++
		w.want[profile] = w.oracle.Memberships(profile, now)
		if len(w.want[profile]) == 0 {
			delete(w.want, profile)
		}
	}
}

func (w *watcher) compare() {
	w.t.Helper()
	if got := w.memberships(); !reflect.DeepEqual(got, w.want) {
		w.t.Fatalf("at %d: the engine has %v, the oracle %v", w.oracle.Clock(), got, w.want)
	}
}
