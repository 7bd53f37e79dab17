package rehearsal

import (
	"fmt"

	"muster/pipeline"
	"muster/profile"
	"muster/rules"
)

// merger merges events into profiles and does nothing else, so that the cost
// of that can be told from that of matching. It begins with the profiles that
// an engine has left.
type merger struct {
	schema   *profile.Schema
	limits   pipeline.Config
	codec    *profile.Codec
	engine   *engine
	clock    int64
	profiles map[string]*profile.Profile
	bytes    int                // of profiles
	touched  []*profile.Profile // by event
	changed  profile.Changed
	blob     []byte
	events   int
}

func newMerger(set *rules.Set, e *engine) *merger {
	codec, _ := profile.NewCodec(set.Schema(), set.IDs(), nil) // a new shard's names: those of the engine's shard
	return &merger{
		schema: set.Schema(), limits: e.limits, codec: codec, engine: e, clock: e.driver.Clock(),
		profiles: map[string]*profile.Profile{},
	}
}

// serve merges the events of a batch.
func (m *merger) serve(b *batch) error {
	e := m.engine
	e.watch.enter(aside)
	e.decode(b)
	m.touched = m.touched[:0]
	for i := range e.feed.Events {
		p, err := m.profile(e.feed.Events[i].Profile)
		if err != nil {
			return err
		}
		m.touched = append(m.touched, p)
	}
	e.watch.enter(stepping)
	for i, p := range m.touched {
		m.clock = max(m.clock, e.feed.Events[i].Arrival)
		m.changed.Reset()
		p.Apply(m.schema, &m.limits.Profiles, &e.feed.Events[i], m.clock, &m.changed)
	}
	e.watch.enter(aside)
	m.events += len(e.feed.Events)
	for _, p := range m.touched {
		m.blob = m.codec.Append(m.blob[:0], p, m.clock) // lets go of what no window reads any more
	}
	return nil
}

// profile returns a profile that is kept here, or else one made of its stored
// form. Past the bound of the shard's cache all are forgotten.
func (m *merger) profile(id string) (*profile.Profile, error) {
	if p := m.profiles[id]; p != nil {
		return p, nil
	}
	p := profile.New(id)
	if blob := m.engine.archive.load(id); blob != "" {
		var err error
		if p, err = m.codec.Decode(p.ID, blob); err != nil {
			return nil, fmt.Errorf("decoding profile %q: %w", id, err)
		}
	}
	if m.bytes += p.Bytes(); m.bytes > m.limits.CacheBytes {
		clear(m.profiles)
		m.bytes = p.Bytes()
	}
	m.profiles[p.ID] = p
	return p, nil
}
