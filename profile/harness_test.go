package profile

import (
	"testing"

	"muster/event"
)

// start is the instant around which the tests happen: 2026-11-05T10:00Z.
const start int64 = 1793872800000

// track makes an event A that arrives when it happens.
func track(at int64, price float64) event.Event {
	return event.Event{
		Type: event.Track, Profile: "p", Name: "A", Time: at, Arrival: at,
		Body: event.ObjectOf([]event.Value{event.StringOf("price"), event.NumberOf(price)}),
	}
}

func identify(at int64, traits event.Value) event.Event {
	return event.Event{Type: event.Identify, Profile: "p", Time: at, Arrival: at, Body: traits}
}

// object makes an object of keys and values in turn.
func object(pairs ...any) event.Value {
	list := make([]event.Value, len(pairs))
	for i, p := range pairs {
		switch p := p.(type) {
		case string:
			list[i] = event.StringOf(p)
		case event.Value:
			list[i] = p
		}
	}
	return event.ObjectOf(list)
}

func price(ev *event.Event) event.Value { return ev.Body.Get("price") }

// seriesOf is one series of the events A over their prices.
func seriesOf(k Keep, window int64) Series {
	s := Series{Key: keepNames[k], Name: "A", Keep: k, Window: window}
	if k != KeepTotalCount && k != KeepSlidingTimes {
		s.Project = price
	}
	return s
}

var keepNames = map[Keep]string{
	KeepTotalCount: "total count", KeepTotalNumbers: "total numbers", KeepTotalDistinct: "total distinct", KeepTotalFirst: "total first", KeepTotalLast: "total last",
	KeepSlidingTimes: "sliding times", KeepSlidingNumbers: "sliding numbers", KeepSlidingValues: "sliding values",
}

// everySeries is a schema with a series of every kind.
func everySeries(window int64) *Schema {
	var list []Series
	for k := KeepTotalCount; k <= KeepSlidingValues; k++ {
		list = append(list, seriesOf(k, window))
	}
	return NewSchema([]Path{PathOf("address"), PathOf("address", "city"), PathOf("plan")}, list)
}

// reductions are those that a series of each kind can be asked for.
var reductions = map[Keep][]Reduce{
	KeepTotalCount: {ReduceCount}, KeepTotalNumbers: {ReduceSum, ReduceMean, ReduceMin, ReduceMax}, KeepTotalDistinct: {ReduceDistinct}, KeepTotalFirst: {ReduceFirst}, KeepTotalLast: {ReduceLast},
	KeepSlidingTimes: {ReduceCount}, KeepSlidingNumbers: {ReduceSum, ReduceMean, ReduceMin, ReduceMax}, KeepSlidingValues: {ReduceDistinct, ReduceFirst, ReduceLast},
}

// apply applies an event at its arrival and demands that it is applied.
func apply(t *testing.T, p *Profile, s *Schema, cfg Config, ev event.Event) Changed {
	t.Helper()
	var changed Changed
	if got := p.Apply(s, &cfg, &ev, ev.Arrival, &changed); got != Applied {
		t.Fatalf("outcome %d at %d", got, ev.Time)
	}
	return changed
}
