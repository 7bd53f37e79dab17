package lookup

import (
	"context"
	"slices"
	"sync"
	"time"

	"muster/rules"
	"muster/sink"
)

// State is how far the shards are with the rules in force.
type State string

// The states, the furthest last.
const (
	// Pending: some shard goes by other rules yet.
	Pending State = "pending"
	// Sweeping: all go by the rules, and some has not yet looked at every
	// profile since they changed.
	Sweeping State = "sweeping"
	// Live: every profile was looked at.
	Live State = "live"
)

// Segment is what is told of a segment.
type Segment struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Size int64  `json:"size" doc:"How many members it has, over all shards."`
	// Entered and Left are nil where hours are not counted.
	Entered *int64 `json:"entered_24h" doc:"How often a profile entered in this hour and the 23 before; null where that is not counted."`
	Left    *int64 `json:"left_24h" doc:"How often one left."`
	// CompleteSince is nil for always.
	CompleteSince *Instant `json:"complete_since" doc:"Since when all that it counts is kept; null: always."`
	State         State    `json:"state" enum:"pending,sweeping,live" doc:"How far the shards are with the rules in force."`
	Members       bool     `json:"members" doc:"Whether it is kept who they are."`
}

// Definition is a segment with its rule.
type Definition struct {
	Segment
	Rule string `json:"rule"`
}

// listedFor is how long a list of segments is told again before the shards are
// asked anew: that takes some round trips for each of them.
const listedFor = time.Second

// listed is the list of segments that was made last. Who asks while it is
// being made waits for it.
type listed struct {
	mu       sync.Mutex
	at       time.Time
	of       *rules.Set
	segments []Segment

	flowsAt time.Time
	flows   map[string]sink.Flow // of the last hours, by segment
}

// Segments tells of all segments in force, in the order of their ids.
func (r *Reader) Segments(ctx context.Context) ([]Segment, error) {
	set := r.rules()
	r.listed.mu.Lock()
	defer r.listed.mu.Unlock()
	if r.listed.of == set && time.Since(r.listed.at) < listedFor {
		return r.listed.segments, nil
	}
	segments, err := r.segments(ctx, set)
	if err != nil {
		return nil, err
	}
	r.listed.at, r.listed.of, r.listed.segments = time.Now(), set, segments
	return segments, nil
}

func (r *Reader) segments(ctx context.Context, set *rules.Set) ([]Segment, error) {
	sizes, err := r.store.Sizes(ctx)
	if err != nil {
		return nil, err
	}
	since, err := r.CompleteSince(ctx, set)
	if err != nil {
		return nil, err
	}
	state, err := r.state(ctx, set)
	if err != nil {
		return nil, err
	}
	flows, err := r.lastDay(ctx)
	if err != nil {
		return nil, err
	}
	segments := make([]Segment, 0, set.Len())
	for _, id := range slices.Sorted(slices.Values(set.IDs())) {
		position, _ := set.Position(id)
		one := set.Segment(position)
		s := Segment{ID: id, Name: one.Name, Size: sizes[id], State: state, Members: one.Members}
		if flows != nil {
			flow := flows[id]
			s.Entered, s.Left = &flow.Entered, &flow.Left
		}
		if at := since[id]; at != 0 {
			s.CompleteSince = &at
		}
		segments = append(segments, s)
	}
	return segments, nil
}

// Segment tells of one segment in force.
func (r *Reader) Segment(ctx context.Context, id string) (*Definition, error) {
	set := r.rules()
	position, known := set.Position(id)
	if !known {
		return nil, absent(SegmentKind, "there is no segment %s%s", Shown(id), nearest(id, set.IDs()))
	}
	segments, err := r.Segments(ctx)
	if err != nil {
		return nil, err
	}
	for i := range segments {
		if segments[i].ID == id {
			return &Definition{segments[i], set.Segment(position).Rule}, nil
		}
	}
	return nil, Removed(id)
}

// Removed is the error of Segment for one whose definition was removed, while
// the rules in force still have it.
func Removed(id string) error {
	return absent(SegmentKind, "there is no segment %s any more", Shown(id))
}

// CompleteSince returns since when the segments of a rule set are complete in
// all shards, 0 for always.
func (r *Reader) CompleteSince(ctx context.Context, set *rules.Set) (map[string]Instant, error) {
	latest := make(map[string]Instant, set.Len())
	for _, id := range set.IDs() {
		latest[id] = 0
	}
	for shard := range r.shards {
		marks, err := r.store.Lacks(ctx, shard, set)
		if err != nil {
			return nil, err
		}
		for _, mark := range marks {
			latest[mark.Segment] = max(latest[mark.Segment], Instant(mark.Since))
		}
	}
	return latest, nil
}

// state tells how far all shards are with a rule set. One that has had no
// record holds no profile, so nothing of it is behind.
func (r *Reader) state(ctx context.Context, set *rules.Set) (State, error) {
	glances, err := r.store.Glances(ctx)
	if err != nil {
		return "", err
	}
	state := Live
	for i := range glances {
		g := &glances[i]
		switch {
		case g.Next < 0:
		case g.Rules != set.Fingerprint():
			return Pending, nil
		case g.Swept != g.Generation:
			state = Sweeping
		}
	}
	return state, nil
}
