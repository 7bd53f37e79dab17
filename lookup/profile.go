package lookup

import (
	"context"
	"errors"
	"slices"

	"muster/pipeline"
	"muster/profile"
	"muster/sink"
)

// Profile is what is told of a profile.
type Profile struct {
	Profile   string         `json:"profile"`
	Shard     int            `json:"shard"`
	Shards    int            `json:"shards"`
	At        Instant        `json:"at" doc:"The clock of the shard: what it is told as of."`
	FirstSeen Instant        `json:"first_seen"`
	LastSeen  Instant        `json:"last_seen"`
	NextFlip  *Instant       `json:"next_flip" doc:"When time alone may change a membership, at the earliest; null: not without an event."`
	Version   uint64         `json:"version" doc:"How many changes of memberships the profile has had."`
	Groups    []string       `json:"groups"`
	Traits    map[string]any `json:"traits"`
	Segments  []Membership   `json:"segments"`
	// GroupTraits are those that the profile's own calls told, by group.
	GroupTraits map[string]map[string]any `json:"group_traits"`
	// Outdated says that the memberships are those of an earlier set of rules.
	Outdated bool `json:"outdated" doc:"Whether the segments are those of earlier rules."`
	// Aggregates are what the rules in force here ask of the profile's events.
	Aggregates []Aggregate `json:"aggregates"`
	LeftOut    int         `json:"aggregates_left_out" doc:"How many aggregates are not told, as no more were asked for."`
	// Foreign says that the shard goes by other rules than those in force here.
	Foreign bool `json:"aggregates_foreign" doc:"Whether the profile's shard goes by other rules than those that are in force here and that the aggregates are of: what only these ask for is missing, or kept only in part."`
	// More says that older changes were not looked through for Since, and
	// Unknown why none could be.
	More    bool  `json:"-"`
	Unknown error `json:"-"`
}

// Membership is one segment of a profile. Where the outbox does not tell, Since
// is nil and Version is 0.
type Membership struct {
	Segment string         `json:"segment"`
	Since   *Instant       `json:"since" doc:"When it began; null where the outbox no longer tells."`
	Version uint64         `json:"version,omitempty" doc:"Which of the profile's changes began it; absent where the outbox no longer tells."`
	Cause   pipeline.Cause `json:"cause,omitempty" doc:"Why it began: event, time, rules or backfill."`
}

// Extent bounds what Profile tells.
type Extent struct {
	// Outbox is how many of the shard's newest changes to look through for
	// since when the profile is in its segments.
	Outbox int
	// Aggregates is how many of them to tell.
	Aggregates int
}

// Profile tells of a profile, as much as an extent says.
func (r *Reader) Profile(ctx context.Context, id string, most Extent) (*Profile, error) {
	seen, codec, shard, err := r.look(ctx, id)
	if err != nil {
		return nil, err
	}
	set, names := r.rules(), codec.Names()
	if set != nil && most.Aggregates > 0 {
		codec, _ = profile.NewCodec(set.Schema(), nil, names) // reads events too
	}
	p, err := codec.Decode(id, seen.Blob)
	if err != nil {
		return nil, &UnreadableError{err}
	}
	view := &Profile{
		Profile: id, Shard: shard, Shards: r.shards, At: Instant(seen.Clock), FirstSeen: Instant(p.FirstSeen),
		LastSeen: Instant(p.LastSeen), Version: p.Version, Groups: []string{}, Traits: traitsOf(&p.Traits),
		GroupTraits: map[string]map[string]any{}, Segments: []Membership{}, Aggregates: []Aggregate{}, Outdated: outdated(p.Generation, &seen.Glance),
	}
	for i := range p.Groups {
		g := &p.Groups[i]
		view.Groups, view.GroupTraits[g.ID] = append(view.Groups, g.ID), traitsOf(&g.Traits)
	}
	if p.Deadline != 0 {
		at := Instant(p.Deadline)
		view.NextFlip = &at
	}
	var ids []string
	for _, number := range p.Retired {
		ids = append(ids, codec.Segment(number))
	}
	slices.Sort(ids)
	if set != nil {
		view.Foreign = seen.Rules != set.Fingerprint()
		view.addAggregates(set, p, names, most.Aggregates)
	}
	return view, r.addSegments(ctx, view, ids, most.Outbox)
}

// outdated reports whether memberships of a generation are those of earlier
// rules than the shard goes by.
func outdated(generation uint64, seen *sink.Glance) bool {
	return max(generation, seen.Swept) != seen.Generation
}

// traitsOf returns traits as plain data, an empty object where there are none.
func traitsOf(t *profile.Traits) map[string]any {
	if traits, ok := t.Object().Plain().(map[string]any); ok {
		return traits
	}
	return map[string]any{}
}

// addSegments adds segments, and since when the profile is in them.
func (r *Reader) addSegments(ctx context.Context, view *Profile, ids []string, outbox int) error {
	entered, more, err := r.store.Entered(ctx, view.Shard, view.Profile, ids, outbox)
	switch {
	case sink.NeedsOperator(err):
		view.Unknown = err
	case err != nil:
		return err
	}
	view.More = more
	for _, id := range ids {
		one := Membership{Segment: id}
		if entry, ok := entered[id]; ok {
			at := Instant(entry.Change.At)
			one.Since, one.Version, one.Cause = &at, entry.Change.Version, entry.Change.Cause
		}
		view.Segments = append(view.Segments, one)
	}
	return nil
}

// Memberships is in which segments a profile is.
type Memberships struct {
	Profile  string   `json:"profile"`
	At       Instant  `json:"at" doc:"The clock of the shard: what it is told as of."`
	Version  uint64   `json:"version" doc:"How many changes of memberships the profile has had."`
	Segments []string `json:"segments"`
	Outdated bool     `json:"outdated" doc:"Whether the segments are those of earlier rules."`
}

// Memberships tells in which segments a profile is, in one round trip to Redis
// and without decoding more of the profile than that. The names of its segments are
// read only where it can't be read without: names only grow, so what is known of
// them holds.
func (r *Reader) Memberships(ctx context.Context, id string) (*Memberships, error) {
	shard, err := r.ShardOf(id)
	if err != nil {
		return nil, err
	}
	codec := r.codecs.get(shard)
	known := len(codec.Names())
	if known == 0 {
		return r.membershipsWith(ctx, shard, id, codec, 0)
	}
	m, err := r.membershipsWith(ctx, shard, id, codec, sink.NoNames)
	var unreadable *UnreadableError
	if errors.As(err, &unreadable) { // most likely it has a segment that is newer than the names
		return r.membershipsWith(ctx, shard, id, codec, known)
	}
	return m, err
}

// membershipsWith is Memberships with a codec, and with how many names sink.Look
// is told are known.
func (r *Reader) membershipsWith(ctx context.Context, shard int, id string, codec *profile.Codec, known int) (*Memberships, error) {
	seen, codec, _, err := r.lookWith(ctx, r.store.LookBase, shard, id, codec, known)
	if err != nil {
		return nil, err
	}
	standing, err := codec.Standing(id, seen.Blob)
	if err != nil {
		return nil, &UnreadableError{err}
	}
	return &Memberships{
		Profile: id, At: Instant(seen.Clock), Version: standing.Version, Segments: standing.Segments,
		Outdated: outdated(standing.Generation, &seen.Glance),
	}, nil
}
