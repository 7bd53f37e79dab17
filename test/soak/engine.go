package soak

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"muster/catalogue"
	"muster/directive"
	"muster/event"
	"muster/pipeline"
	"muster/profile"
	"muster/rules"
	"muster/test/kit/generate"
	"muster/test/kit/oracle"
)

// Engine is what is held against the oracle. Its methods return the
// changes that follow, in order; an error is a failure of the case.
type Engine interface {
	Advance(until int64) ([]oracle.Change, error)
	Apply(ev *event.Event) ([]oracle.Change, error)
	Erase(e *Erasure) ([]oracle.Change, error)
}

// unbounded is a limit that no case reaches.
const unbounded = 1 << 30

// shard is the real engine: a pipeline.Driver whose every answer is checked
// by evaluating all rules from scratch on a copy of the profile.
type shard struct {
	driver  *pipeline.Driver
	codec   *profile.Codec
	full    *rules.Matcher
	blobs   map[string]string // stored profiles; nil when none is ever stored
	next    int64
	commit  []pipeline.Change // changes of the commit at hand
	written []string          // profiles of it
}

// tables are the catalogues that rules may ask.
var tables = readTables()

func readTables() catalogue.Tables {
	known := catalogue.Tables{}
	for _, one := range generate.Catalogues {
		table, mistakes := catalogue.Read([]byte(one.File), one.Key)
		if len(mistakes) > 0 {
			panic("soak: " + mistakes[0].Message) // the generator's own
		}
		known[one.ID] = table
	}
	return known
}

// NewShard returns the engine of a case.
func NewShard(c *Case) (Engine, error) {
	segments := make([]rules.Segment, 0, len(c.Rules))
	for _, u := range c.Rules {
		segments = append(segments, rules.NewSegment(u.ID, u.Text).Using(tables))
	}
	set, err := rules.Compile(segments)
	if err != nil {
		return nil, fmt.Errorf("compiling the rules: %w", err)
	}
	if c.Sampled {
		if set, err = compileSampled(c, set, segments); err != nil {
			return nil, fmt.Errorf("compiling the rules with a sample: %w", err)
		}
	}
	return newShard(set, c), nil
}

func newShard(set *rules.Set, c *Case) *shard {
	codec, _ := profile.NewCodec(set.Schema(), set.IDs(), nil)
	s := &shard{codec: codec, full: rules.NewMatcher(set)}
	memory := 0
	if c.Stored {
		s.blobs, memory = map[string]string{}, max(1, c.Room)
	}
	config, port := pipeline.Default(), pipeline.Port(nil)
	config.CacheBytes, config.Timers, config.Wave = memory, unbounded, unbounded
	if c.Stored {
		port = s
	}
	s.driver = pipeline.NewDriver(set, config, pipeline.State{Next: -1}, port)
	return s
}

// compileSampled compiles again, with the profiles that the events lead to
// when they are evaluated by set.
func compileSampled(c *Case, set *rules.Set, segments []rules.Segment) (*rules.Set, error) {
	first := newShard(set, &Case{})
	sample := map[string]*profile.Profile{}
	for _, st := range c.Steps {
		if st.Event == nil {
			continue
		}
		if _, err := first.Apply(st.Event); err != nil {
			return nil, err
		}
		sample[st.Event.Profile] = first.driver.Profile(st.Event.Profile)
	}
	o := rules.Options{Now: first.driver.Clock()}
	for _, id := range slices.Sorted(maps.Keys(sample)) {
		o.Sample = append(o.Sample, sample[id])
	}
	return rules.CompileWith(segments, o)
}

// Advance implements Engine.
func (s *shard) Advance(until int64) ([]oracle.Change, error) {
	if err := s.driver.Advance(context.Background(), until); err != nil {
		return nil, err
	}
	return s.take("")
}

// Apply implements Engine.
func (s *shard) Apply(ev *event.Event) ([]oracle.Change, error) {
	if _, err := s.driver.Apply(context.Background(), ev); err != nil {
		return nil, err
	}
	return s.take(ev.Profile)
}

// Erase implements Engine. A directive that comes twice changes nothing the
// second time.
func (s *shard) Erase(e *Erasure) ([]oracle.Change, error) {
	d := &directive.Directive{Kind: directive.Erase, Run: e.Request, Profile: e.Profile, Until: e.Until}
	for range 2 {
		refusal, err := s.driver.Direct(context.Background(), d, e.Arrival)
		if err == nil && refusal != "" {
			err = fmt.Errorf("erasing %q: refused with %q", e.Profile, refusal)
		}
		if err != nil {
			return nil, err
		}
	}
	return s.take(e.Profile)
}

// Load implements pipeline.Port.
func (s *shard) Load(_ context.Context, ids []string) ([]string, error) {
	blobs := make([]string, 0, len(ids))
	for _, id := range ids {
		blobs = append(blobs, s.blobs[id])
	}
	return blobs, nil
}

// Commit implements pipeline.Port.
func (s *shard) Commit(_ context.Context, c *pipeline.Commit) error {
	s.commit, s.written = slices.Clone(c.Changes), s.written[:0]
	for _, w := range c.Profiles {
		if w.Gone {
			delete(s.blobs, w.Profile)
			continue
		}
		s.blobs[w.Profile] = w.Whole()
		s.written = append(s.written, w.Profile)
	}
	return nil
}

// take returns the changes and checks the profiles behind them: in memory
// the touched one, else every one that was stored.
func (s *shard) take(touched string) ([]oracle.Change, error) {
	if s.blobs == nil {
		changes := convert(s.driver.Changes())
		return changes, s.checkMemory(touched)
	}
	s.next++
	if err := s.driver.Commit(context.Background(), s.next); err != nil {
		return nil, err
	}
	changes := convert(s.commit)
	for _, id := range s.written {
		p, err := s.codec.Decode(id, s.blobs[id])
		if err != nil {
			return nil, err
		}
		if err := s.check(p); err != nil {
			return changes, err
		}
	}
	return changes, nil
}

// checkMemory checks a copy that shares all but the memberships and what
// the engine keeps, so that nothing is lost that a blob would leave out.
func (s *shard) checkMemory(id string) error {
	p := s.driver.Profile(id)
	if p == nil || !p.Exists() {
		return nil
	}
	copied := *p
	copied.Members, copied.Derived = slices.Clone(p.Members), nil
	return s.check(&copied)
}

// check evaluates all rules of a profile, which must change nothing.
func (s *shard) check(p *profile.Profile) error {
	before := slices.Clone(p.Members)
	for _, f := range s.full.Full(p, s.driver.Clock()) {
		return fmt.Errorf("evaluated from scratch, %s being in the segment at position %d is %t", p.ID, f.Position, f.Entered)
	}
	if !slices.Equal(p.Members[:len(before)], before) {
		return fmt.Errorf("evaluated from scratch, %s has other conditions", p.ID)
	}
	return nil
}

// convert gives changes in the oracle's terms.
func convert(changes []pipeline.Change) []oracle.Change {
	list := make([]oracle.Change, 0, len(changes))
	for _, c := range changes {
		list = append(list, oracle.Change{
			Segment: c.Segment, Profile: c.Profile, Entered: c.Entered, At: c.At, Version: c.Version, Cause: string(c.Cause),
		})
	}
	return list
}
