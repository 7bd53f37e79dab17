package rehearsal

import (
	"fmt"

	"muster/event"
	"muster/pipeline"
	"muster/profile"
	"muster/rules"
)

// engine is one shard between a player and an archive. It does what
// pipeline.Worker does, in one goroutine, so that each stage can be measured.
type engine struct {
	limits   pipeline.Config
	shard    *pipeline.Shard
	decoder  *event.Decoder
	archive  *archive
	watch    stopwatch
	next     int64
	refuse   func(line int, reason string) // told of events that don't fit their profile
	events   []event.Event
	records  []int // of the batch, of each event
	rejected []event.Rejection
	wanted   []string
	sent     []byte // what the last commit would send
	tally    tally
}

// tally counts what was done.
type tally struct {
	events  int // decoded
	repeats int
	loaded  int // profiles
	written int // profiles
	changes int
}

func newEngine(set *rules.Set, limits pipeline.Config, refuse func(int, string)) (*engine, error) {
	decoder, err := event.NewDecoder(limits.Events)
	if err != nil {
		return nil, err
	}
	return &engine{
		limits: limits, decoder: decoder, archive: newArchive(), refuse: refuse,
		shard: pipeline.NewShard(set, limits.Profiles, limits.CacheBytes, pipeline.State{Next: -1}),
	}, nil
}

// decode reads the events of a batch. What is refused of it the sample has
// counted.
func (e *engine) decode(b *batch) {
	e.decoder.Reset()
	e.events, e.records = e.events[:0], e.records[:0]
	for i, text := range b.records {
		e.events, e.rejected = e.decoder.Decode(e.events, e.rejected[:0], text, 0, 0)
		for len(e.records) < len(e.events) {
			e.records = append(e.records, i)
		}
	}
}

// serve takes a batch from its bytes to its commit. lines are where its
// records stand in the sample.
func (e *engine) serve(b *batch, lines []int) error {
	e.watch.enter(decoding)
	e.decode(b)
	e.tally.events += len(e.events)
	e.watch.enter(loading)
	if err := e.load(e.shard.Missing(e.wanted[:0], e.events, e.limits.Timers)); err != nil {
		return err
	}
	e.watch.enter(stepping)
	for i := range e.events {
		if err := e.apply(i, lines); err != nil {
			return err
		}
	}
	e.next += int64(len(b.records))
	e.commit()
	e.watch.enter(aside)
	return nil
}

// load puts profiles into the shard.
func (e *engine) load(ids []string) error {
	e.wanted = ids
	for _, id := range ids {
		if err := e.shard.Put(id, e.archive.load(id)); err != nil {
			return fmt.Errorf("loading profile %q: %w", id, err)
		}
	}
	e.tally.loaded += len(ids)
	return nil
}

// apply serves the timers that are due before an event, then the event.
func (e *engine) apply(i int, lines []int) error {
	ev := &e.events[i]
	if err := e.fire(i); err != nil {
		return err
	}
	outcome, err := e.shard.Apply(ev)
	switch {
	case err != nil:
		return err
	case outcome == profile.Repeat:
		e.tally.repeats++
	case outcome != profile.Applied:
		e.refuse(lines[e.records[i]], outcome.Reason(&e.limits.Profiles))
	}
	return nil
}

// fire serves the timers that the i-th event waits for, and commits when
// there are many.
func (e *engine) fire(i int) error {
	until := e.events[i].Arrival
	for {
		if due := e.shard.Due(e.wanted[:0], until, e.limits.Timers); len(due) > 0 {
			e.watch.enter(loading)
			if err := e.load(due); err != nil {
				return err
			}
			e.watch.enter(stepping)
		}
		done, err := e.shard.Fire(until, e.limits.Timers)
		if done || err != nil {
			return err
		}
		e.commit()
		e.watch.enter(loading)
		// The commit made room, and may have dropped what the rest needs.
		if err := e.load(e.shard.Missing(e.wanted[:0], e.events[i:], e.limits.Timers)); err != nil {
			return err
		}
		e.watch.enter(stepping)
	}
}

// commit builds what a commit sends and gives it to the archive.
func (e *engine) commit() {
	e.watch.enter(committing)
	c := e.shard.Flush(e.next)
	e.sent = appendSent(e.sent[:0], c)
	e.watch.enter(aside)
	e.archive.keep(c)
	e.tally.written += len(c.Profiles)
	e.tally.changes += len(c.Changes)
	e.watch.enter(committing)
	e.shard.Committed(c)
}
