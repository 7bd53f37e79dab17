package rehearsal

import (
	"errors"
	"runtime"
	"time"

	"muster/pipeline"
	"muster/rules"
)

// Options say how a sample is played.
type Options struct {
	Pipeline pipeline.Config
	Batch    int           // records of a batch, at least 1
	Events   int           // that are enough, after the warm-up; at least 1
	For      time.Duration // bounds the whole, but for a batch of each part
	Plan     Deployment
	Progress func(events int, part string) // told after every batch; optional
}

// The parts of the time, as shares of Options.For: making the profiles, and
// after measuring the time that is left for merging alone.
const (
	warmShare  = 0.4
	mergeShare = 0.15
)

// Play plays a sample: once through to make its profiles, then until enough
// was measured, then on through merging alone, to tell applying from matching.
func Play(set *rules.Set, s *Sample, o Options) (*Figures, error) {
	if len(s.records) == 0 {
		return nil, errors.New("there is no event to play")
	}
	f := &Figures{Segments: set.Len()}
	e, err := newEngine(set, o.Pipeline, s.Refuse)
	if err != nil {
		return nil, err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	r := &rehearsal{engine: e, player: player{sample: s}, options: o, began: time.Now()}
	if err := r.warmUp(); err != nil {
		return nil, err
	}
	f.Measured.Warm = r.player.play > 0
	e.refuse = func(int, string) {} // the same ones again
	if err := r.measure(); err != nil {
		return nil, err
	}
	f.PerEvent, f.Profile, f.Redis = e.tally.perEvent(), profileBytes(e.archive, e.driver), redisBytes(e.archive)
	f.Measured.Events, f.Measured.Plays = e.tally.events, r.player.plays()
	f.Micros, err = r.costs(set)
	f.PerCore = round(1e6 / f.Micros.Total)
	f.Sample = s.describe()
	f.Sizing = size(f, o.Plan)
	return f, err
}

// rehearsal is one playing of a sample.
type rehearsal struct {
	engine  *engine
	player  player
	options Options
	began   time.Time
	batch   batch
}

// left reports whether less than a share of the time is over.
func (r *rehearsal) left(share float64) bool {
	return time.Since(r.began).Seconds() < share*r.options.For.Seconds()
}

// errEndOfTime is what moving times on comes to at last.
var errEndOfTime = errors.New("its times can't be moved on any further: the year would be 10000; take a sample of fewer years")

func (r *rehearsal) warmUp() error {
	for r.player.play == 0 && r.left(warmShare) {
		if !r.next() {
			return errEndOfTime
		}
		if err := r.engine.serve(&r.batch, r.player.lines); err != nil {
			return err
		}
		r.tell(r.engine.tally.events, "warming up")
	}
	return nil
}

func (r *rehearsal) measure() error {
	e := r.engine
	e.tally = tally{}
	e.watch.reset()
	for e.tally.events == 0 || e.tally.events < r.options.Events && r.left(1-mergeShare) {
		if !r.next() {
			return errEndOfTime
		}
		if err := e.serve(&r.batch, r.player.lines); err != nil {
			return err
		}
		r.tell(e.tally.events, "measuring")
	}
	e.watch.enter(aside)
	return nil
}

// costs measures merging alone and tells all stages. Merging begins with
// profiles as they are stored, which are read in full when first touched: a
// part of the events is merged before any is counted.
func (r *rehearsal) costs(set *rules.Set) (Micros, error) {
	e := r.engine
	measured := costs(e)
	m := newMerger(set, e)
	if err := r.merge(m, 1-mergeShare/2, "merging alone, warming up"); err != nil {
		return measured, err
	}
	m.events = 0
	before := e.watch.spent[stepping]
	err := r.merge(m, 1, "merging alone")
	return measured.split(micros(e.watch.spent[stepping]-before, m.events)), err
}

// merge merges until an eighth of the events that are enough were, or a share
// of the time is over, and one batch at least.
func (r *rehearsal) merge(m *merger, share float64, part string) error {
	for m.events == 0 || m.events < r.options.Events/8 && r.left(share) {
		if !r.next() {
			return errEndOfTime
		}
		if err := m.serve(&r.batch); err != nil {
			return err
		}
		r.tell(m.events, part)
	}
	return nil
}

// next reads the next batch.
func (r *rehearsal) next() bool {
	r.engine.watch.enter(aside)
	if !r.player.prepare(r.options.Batch) {
		return false
	}
	r.engine.watch.enter(reading)
	r.player.read(&r.batch)
	return true
}

func (r *rehearsal) tell(events int, part string) {
	if r.options.Progress != nil {
		r.options.Progress(events, part)
	}
}
