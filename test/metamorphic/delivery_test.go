package metamorphic

import (
	"cmp"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"muster/event"
	"muster/pipeline"
)

const minute = 60_000 // milliseconds

func TestEventsThatArriveTogetherMayComeInAnyOrder(t *testing.T) {
	s := usual
	s.forward, s.single = true, true
	each(t, s, func(t *testing.T, h *history) {
		for _, group := range h.groups { // so that many arrive together
			ev := &group[0]
			ev.Arrival -= ev.Arrival % (15 * minute)
			ev.Time = min(ev.Time, ev.Arrival)
		}
		want := replay(t, h.set, h.records())
		r, moved := rand.New(rand.NewPCG(1, 5)), 0
		for range 5 {
			groups := mix(r, h.groups)
			for i := range groups {
				if groups[i][0].Profile != h.groups[i][0].Profile {
					moved++
				}
			}
			got := replay(t, h.set, spell(groups))
			mustEqual(t, ordered(got.changes), ordered(want.changes))
		}
		if moved < len(h.groups) {
			t.Errorf("only %d events came elsewhere", moved)
		}
	})
}

// mix returns the groups with the profiles among those that arrive together
// in another order; the events of each profile keep theirs.
func mix(r *rand.Rand, groups [][]event.Event) [][]event.Event {
	mixed := slices.Clone(groups)
	for from := 0; from < len(mixed); {
		end := from + 1
		for end < len(mixed) && mixed[end][0].Arrival == mixed[from][0].Arrival {
			end++
		}
		together := mixed[from:end]
		waiting := map[string][][]event.Event{}
		for _, group := range together {
			waiting[group[0].Profile] = append(waiting[group[0].Profile], group)
		}
		for i, place := range r.Perm(len(together)) {
			together[i], together[place] = together[place], together[i]
		}
		for i := range together {
			profile := together[i][0].Profile
			together[i] = waiting[profile][0]
			waiting[profile] = waiting[profile][1:]
		}
		from = end
	}
	return mixed
}

// TestLateEventsEndWhereTimelyOnesDo leaves out held, which is about what was
// decided meanwhile. Times are distinct, for of events at one millisecond
// the last to arrive is the last, and message ids are left out, for a repeat
// is one within a day of arrivals.
func TestLateEventsEndWhereTimelyOnesDo(t *testing.T) {
	s := shape{rules: 40, profiles: 40, records: 400, most: 6 * 60 * minute, single: true, without: "held("}
	each(t, s, func(t *testing.T, h *history) {
		events := timely(h.groups)
		end := events[len(events)-1].Time + week
		members, want := outcome(t, h, events, end)
		r := rand.New(rand.NewPCG(1, 6))
		for _, lateness := range []int64{minute, 24 * 60 * minute, week} {
			late := slices.Clone(events)
			for i := range late {
				late[i].Arrival = late[i].Time + r.Int64N(lateness)
			}
			slices.SortFunc(late, func(a, b event.Event) int { return cmp.Compare(a.Arrival, b.Arrival) })
			gotMembers, got := outcome(t, h, late, end)
			if !reflect.DeepEqual(gotMembers, members) {
				t.Errorf("up to %d ms late: %v, in time: %v", lateness, gotMembers, members)
			}
			mustEqual(t, got, want)
		}
	})
}

// timely returns the events by their time, each arriving then.
func timely(groups [][]event.Event) []event.Event {
	events := make([]event.Event, 0, len(groups))
	taken := map[int64]bool{}
	for _, group := range groups {
		ev := group[0]
		for taken[ev.Time] {
			ev.Time++
		}
		taken[ev.Time] = true
		ev.Arrival, ev.MessageID = ev.Time, ""
		events = append(events, ev)
	}
	slices.SortFunc(events, func(a, b event.Event) int { return cmp.Compare(a.Time, b.Time) })
	return events
}

// outcome returns the memberships at end, when all events have arrived, and
// what happens by itself from then on. Versions are left out of that, for
// they count what happened before too.
func outcome(t *testing.T, h *history, events []event.Event, end int64) (map[string][]string, []pipeline.Change) {
	t.Helper()
	r := newReplica(t, h.set)
	for i := range events {
		r.apply(&events[i])
	}
	r.advance(end)
	members, from := r.memberships(), len(r.changes)
	r.advance(end + 10*week)
	changes := slices.Clone(r.changes[from:])
	for i := range changes {
		changes[i].Version = 0
	}
	return members, changes
}
