// Package replica applies records one by one, in memory and without a store:
// for a replay, for an explanation, and for the tests that stand beside
// segments.
//
// It promises to agree with the live service, because it feeds the same
// pipeline.Driver.
//
// The trap: events are only good until the next record is fed, because their
// strings lie in the decoder's memory.
package replica

import (
	"context"
	"fmt"
	"slices"

	"muster/event"
	"muster/pipeline"
	"muster/profile"
	"muster/rules"
)

// Replica is a Driver without a store that records are fed to one by one. It
// keeps every profile.
type Replica struct {
	Set    *rules.Set
	Driver *pipeline.Driver
	Limits pipeline.Config
	Emit   func(pipeline.Change) error // told of every change as it happens
	Before func(arrival int64) error   // told of the next event's arrival before the clock moves
	Admit  func(arrival int64) bool    // whether an event that arrives then is applied

	Events   []event.Event // of the last record
	Latest   int64         // arrival that was applied of the last record; 0 for none
	Applied  int
	Repeats  int
	StoodIn  int // events whose timestamp can't be used
	Unjoined int // events that say that two ids are one customer

	decoder  *event.Decoder
	rejected []event.Rejection
}

// Bounds on what a profile keeps in memory here. There is no store to spare,
// so windows stay exact as long as the configuration allows.
const (
	exact      = 1_000_000
	exactBytes = 1 << 30
)

// New returns a Replica without a profile that goes by a rule set.
func New(set *rules.Set) (*Replica, error) {
	limits := pipeline.Default()
	limits.Profiles.Entries, limits.Profiles.MessageIDs, limits.Profiles.StateBytes = exact, exact, exactBytes
	decoder, err := event.NewDecoder(limits.Events)
	if err != nil {
		return nil, fmt.Errorf("making a decoder: %w", err)
	}
	decoder.ReadContext(set.ContextFields())
	return &Replica{
		Set: set, decoder: decoder, Limits: limits,
		Driver: pipeline.NewDriver(set, limits, pipeline.State{Next: -1}, nil),
		Emit:   func(pipeline.Change) error { return nil },
		Before: func(int64) error { return nil },
		Admit:  func(int64) bool { return true },
	}, nil
}

// Feed applies a record and returns the reasons for which it, or items of
// it, can't be used.
func (r *Replica) Feed(record []byte) ([]event.Rejection, error) {
	r.decoder.Reset()
	r.Latest = 0
	r.Events, r.rejected = r.decoder.Decode(r.Events[:0], r.rejected[:0], record, 0, 0)
	for i := range r.Events {
		if err := r.apply(i, record); err != nil {
			return nil, err
		}
	}
	return r.rejected, nil
}

// apply applies the i-th event of a record.
func (r *Replica) apply(i int, record []byte) error {
	ev := &r.Events[i]
	if !r.Admit(ev.Arrival) {
		return nil
	}
	if err := r.Before(ev.Arrival); err != nil {
		return err
	}
	if ev.StoodIn {
		r.StoodIn++
	}
	if ev.Joins() {
		r.Unjoined++
	}
	outcome, err := r.Driver.Apply(context.Background(), ev)
	if err != nil {
		return fmt.Errorf("applying an event: %w", err)
	}
	r.Latest = max(r.Latest, ev.Arrival)
	switch outcome {
	case profile.Applied:
		r.Applied++
	case profile.Repeat:
		r.Repeats++
	default:
		r.rejected = append(r.rejected, event.Rejection{Item: -1, Reason: outcome.Reason(&r.Limits.Profiles), Value: record})
	}
	return r.drain()
}

// Advance moves the clock forward to until, serving every timer on the way.
func (r *Replica) Advance(until int64) error {
	if err := r.Driver.Advance(context.Background(), until); err != nil {
		return fmt.Errorf("advancing to %d: %w", until, err)
	}
	return r.drain()
}

func (r *Replica) drain() error {
	for _, c := range r.Driver.Changes() {
		if err := r.Emit(c); err != nil {
			return err
		}
	}
	return nil
}

// Members returns the profiles in a segment, sorted.
func (r *Replica) Members(segment string) []string {
	ids := []string{}
	r.Driver.Members(segment, func(id string) { ids = append(ids, id) })
	slices.Sort(ids)
	return ids
}
