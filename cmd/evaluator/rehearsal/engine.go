package rehearsal

import (
	"context"

	"muster/event"
	"muster/pipeline"
	"muster/profile"
	"muster/rules"
)

// engine is a driver between a player and an archive, in one goroutine, so
// that each stage can be measured. It is the Port and the Receiver of its
// driver.
type engine struct {
	limits   pipeline.Config
	driver   *pipeline.Driver
	decoder  *event.Decoder
	archive  *archive
	watch    stopwatch
	refuse   func(line int, reason string) // told of events that don't fit their profile
	lines    []int                         // of the batch at hand, of each record
	feed     pipeline.Feed
	rejected []event.Rejection
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
	decoder.ReadContext(set.ContextFields())
	e := &engine{limits: limits, decoder: decoder, archive: newArchive(), refuse: refuse}
	e.driver = pipeline.NewDriver(set, limits, pipeline.State{Next: -1}, e)
	e.driver.Receiver, e.driver.Stage = e, e.enter
	return e, nil
}

// stageOf names the driver's stages.
var stageOf = [...]stage{pipeline.StageLoad: loading, pipeline.StageStep: stepping, pipeline.StageCommit: committing}

// enter has the watch follow the driver.
func (e *engine) enter(s pipeline.Stage) { e.watch.enter(stageOf[s]) }

// decode reads the events of a batch. What is refused of it the sample has
// counted.
func (e *engine) decode(b *batch) {
	e.decoder.Reset()
	f := &e.feed
	first := f.Next
	f.Events, f.Records, f.Offsets = f.Events[:0], f.Records[:0], f.Offsets[:0]
	for i, text := range b.records {
		f.Events, e.rejected = e.decoder.Decode(f.Events, e.rejected[:0], text, 0, 0)
		for len(f.Records) < len(f.Events) {
			f.Records = append(f.Records, i)
		}
		f.Offsets = append(f.Offsets, first+int64(i))
	}
	f.Next = first + int64(len(b.records))
}

// serve takes a batch from its bytes to its commit. lines are where its
// records stand in the sample.
func (e *engine) serve(b *batch, lines []int) error {
	e.watch.enter(decoding)
	e.decode(b)
	e.lines = lines
	e.tally.events += len(e.feed.Events)
	e.watch.enter(stepping)
	if err := e.driver.Serve(context.Background(), &e.feed); err != nil {
		return err
	}
	e.watch.enter(aside)
	return nil
}

// Admit implements pipeline.Receiver.
func (e *engine) Admit(int) bool { return true }

// Outcome implements pipeline.Receiver.
func (e *engine) Outcome(i int, o profile.Outcome, _ bool) {
	switch o {
	case profile.Applied:
	case profile.Repeat:
		e.tally.repeats++
	default:
		e.refuse(e.lines[e.feed.Records[i]], o.Reason(&e.limits.Profiles))
	}
}

// Load implements pipeline.Port.
func (e *engine) Load(_ context.Context, ids []string) ([]string, error) {
	blobs := make([]string, 0, len(ids))
	for _, id := range ids {
		blobs = append(blobs, e.archive.load(id))
	}
	e.tally.loaded += len(ids)
	return blobs, nil
}

// Commit implements pipeline.Port: it builds what a commit sends and gives it
// to the archive.
func (e *engine) Commit(_ context.Context, c *pipeline.Commit) error {
	e.sent = appendSent(e.sent[:0], c)
	e.watch.enter(aside)
	e.archive.keep(c)
	e.tally.written += len(c.Profiles)
	e.tally.changes += len(c.Changes)
	e.watch.enter(committing)
	return nil
}
