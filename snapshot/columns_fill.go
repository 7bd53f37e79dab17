package snapshot

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"muster/profile"
)

// Wanted is what Columns have beside memberships.
type Wanted struct {
	// Traits are columns of values, by name, with dots between the keys of one
	// that lies within another. At most MostTraits.
	Traits []string
	// Rules are questions of one rule each, whose members are an Audience.
	// Evaluating them takes the whole profiles, which then have half of the memory.
	Rules []*Question
}

// MostTraits bounds the traits of Columns.
const MostTraits = 20

// mostPlaces is how many profiles columns can number.
const mostPlaces = math.MaxInt32

// Validate returns what can't be had.
func (w *Wanted) Validate() error {
	if len(w.Traits) > MostTraits {
		return fmt.Errorf("there are %d traits; at most %d are looked at together", len(w.Traits), MostTraits)
	}
	for i, name := range w.Traits {
		if slices.Contains(strings.Split(name, "."), "") {
			return fmt.Errorf("%q names no trait; write it as country, or address.city for one within another", name)
		}
		if slices.Contains(w.Traits[:i], name) {
			return fmt.Errorf("trait %s is there twice", name)
		}
	}
	return nil
}

// FillColumns reads all profiles, as Fill does, and makes columns of as many as
// the memory allows.
func FillColumns(ctx context.Context, from Source, c Config, w Wanted, tell func(read int64)) (*Columns, error) {
	if len(w.Rules) > 0 {
		return fillWithRules(ctx, from, c, w, tell)
	}
	s, err := Fill(ctx, heads{from, len(w.Traits) > 0}, c, tell)
	if err != nil {
		return nil, err
	}
	return s.columns(ctx, w.Traits, c.Memory, true)
}

func fillWithRules(ctx context.Context, from Source, c Config, w Wanted, tell func(read int64)) (*Columns, error) {
	half := Config{Memory: c.Memory / 2}
	s, err := Fill(ctx, from, half, tell)
	if err != nil {
		return nil, err
	}
	columns, err := s.columns(ctx, w.Traits, half.Memory, false)
	if err != nil {
		return nil, err
	}
	return s.withRules(ctx, columns, w.Rules)
}

// Columns makes columns of the profiles that are held, of the first in order
// where not all fit the bound of bytes. The snapshot stays as it is.
func (s *Snapshot) Columns(ctx context.Context, traits []string, bound int64) (*Columns, error) {
	return s.columns(ctx, traits, bound, false)
}

func (s *Snapshot) columns(ctx context.Context, traits []string, bound int64, release bool) (*Columns, error) {
	b := newColumnBuilder(s.shards, traits, bound)
	if err := b.take(ctx, s.held[:min(len(s.held), mostPlaces)], release); err != nil {
		return nil, fmt.Errorf("making columns: %w", err)
	}
	return b.columns(s.all), nil
}

// membersOf evaluates the rule of a question over the first profiles in order.
func (s *Snapshot) membersOf(ctx context.Context, q *Question, first int64) (Audience, error) {
	c, members := s.newScan(q.set), roaring.New()
	for place := range s.held[:first] {
		if place%stride == 0 && ctx.Err() != nil {
			return Audience{}, ctx.Err()
		}
		decoded, err := c.look(&s.held[place])
		if err != nil {
			return Audience{}, err
		}
		if decoded.Members.Has(q.asked[0]) {
			members.Add(uint32(place))
		}
	}
	members.RunOptimize()
	return Audience{members}, nil
}

// heads is a Source of profiles that are cut down to what columns are made of.
type heads struct {
	Source
	traits bool
}

// EachProfile implements Source.
func (h heads) EachProfile(ctx context.Context, shard int, visit func(id, blob string) error) error {
	return h.Source.EachProfile(ctx, shard, func(id, blob string) error {
		head, err := profile.Head(blob, h.traits)
		if err != nil {
			return fmt.Errorf("reading a profile of shard %d: profile %q: %w", shard, id, err)
		}
		return visit(id, strings.Clone(head))
	})
}
