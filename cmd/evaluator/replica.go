package main

import (
	"context"
	"slices"

	"muster/event"
	"muster/pipeline"
	"muster/profile"
	"muster/rules"
)

// replica is a driver without a store that records are fed to one by one, as
// replay and check do. It keeps every profile.
type replica struct {
	set     *rules.Set
	driver  *pipeline.Driver
	decoder *event.Decoder
	limits  pipeline.Config
	emit    func(pipeline.Change) error // told of every change as it happens
	before  func(arrival int64) error   // told of the next event's arrival before the clock moves
	admit   func(arrival int64) bool    // whether an event that arrives then is applied

	events   []event.Event
	rejected []event.Rejection
	latest   int64 // arrival that was applied of the last record; 0 for none
	applied  int
	repeats  int
	stoodIn  int // events whose timestamp can't be used
	unjoined int // events that say that two ids are one customer
}

// Bounds on what a profile keeps in memory here. There is no store to spare,
// so windows stay exact as long as the configuration allows.
const (
	exact      = 1_000_000
	exactBytes = 1 << 30
)

func newReplica(set *rules.Set) (*replica, error) {
	limits := pipeline.Default()
	limits.Profiles.Entries, limits.Profiles.MessageIDs, limits.Profiles.StateBytes = exact, exact, exactBytes
	decoder, err := event.NewDecoder(limits.Events)
	if err != nil {
		return nil, err
	}
	decoder.ReadContext(set.ContextFields())
	return &replica{
		set: set, decoder: decoder, limits: limits,
		driver: pipeline.NewDriver(set, limits, pipeline.State{Next: -1}, nil),
		emit:   func(pipeline.Change) error { return nil },
		before: func(int64) error { return nil },
		admit:  func(int64) bool { return true },
	}, nil
}

// feed applies a record and returns the reasons for which it, or items of
// it, can't be used.
func (r *replica) feed(record []byte) ([]event.Rejection, error) {
	r.decoder.Reset()
	r.latest = 0
	r.events, r.rejected = r.decoder.Decode(r.events[:0], r.rejected[:0], record, 0, 0)
	for i := range r.events {
		if err := r.apply(i, record); err != nil {
			return nil, err
		}
	}
	return r.rejected, nil
}

// apply applies the i-th event of a record.
func (r *replica) apply(i int, record []byte) error {
	ev := &r.events[i]
	if !r.admit(ev.Arrival) {
		return nil
	}
	if err := r.before(ev.Arrival); err != nil {
		return err
	}
	if ev.StoodIn {
		r.stoodIn++
	}
	if ev.Joins() {
		r.unjoined++
	}
	outcome, err := r.driver.Apply(context.Background(), ev)
	if err != nil {
		return err
	}
	r.latest = max(r.latest, ev.Arrival)
	switch outcome {
	case profile.Applied:
		r.applied++
	case profile.Repeat:
		r.repeats++
	default:
		r.rejected = append(r.rejected, event.Rejection{Item: -1, Reason: outcome.Reason(&r.limits.Profiles), Value: record})
	}
	return r.drain()
}

// advance moves the clock forward to until, serving every timer on the way.
func (r *replica) advance(until int64) error {
	if err := r.driver.Advance(context.Background(), until); err != nil {
		return err
	}
	return r.drain()
}

func (r *replica) drain() error {
	for _, c := range r.driver.Changes() {
		if err := r.emit(c); err != nil {
			return err
		}
	}
	return nil
}

// members returns the profiles in a segment, sorted.
func (r *replica) members(segment string) []string {
	ids := []string{}
	r.driver.Members(segment, func(id string) { ids = append(ids, id) })
	slices.Sort(ids)
	return ids
}
