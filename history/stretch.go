package history

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"muster/history/sorted"
)

// stretch makes some slices, one behind the other, of one reading of the sorted runs.
// It is not safe for concurrent use.
type stretch struct {
	*evaluation
	ctx    context.Context
	merge  *sorted.Merge
	more   bool // whether the merge stands at a row
	feeder *feeder
	base   *slice // of the slice at hand, nil for none
	there  bool   // whether the base stands at a profile
	out    *sliceWriter
	name   []byte // of the profile at hand
}

// make makes the slices from first on and before end.
func (e *evaluation) make(ctx context.Context, first, end int) (err error) {
	defer e.progress.meter.Task(StageEvaluate.String(), time.Now())
	merge, err := sorted.NewMerge(e.runs, e.width.first(first), e.width.first(end))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, merge.Close()) }()
	s := &stretch{evaluation: e, ctx: ctx, merge: merge, feeder: newFeeder(e.request, e.eager)}
	s.more = merge.Next()
	for i := first; i < end; i++ {
		if err := s.slice(i); err != nil {
			return fmt.Errorf("replaying the profiles of %s: %w", e.width.shards(i), err)
		}
		e.progress.slices.Add(1)
	}
	return nil
}

// slice makes the i-th slice.
func (s *stretch) slice(i int) (err error) {
	s.feeder.tally, s.base, s.there = tally{}, nil, false
	if s.from != nil {
		if s.base, err = s.work.openSlice(s.width.sliceFile(s.from.Slices, i), s.request.Set.Len()); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.base.close()) }()
		s.feeder.tally = s.base.tally
		s.feeder.tally.Letters, s.feeder.tally.Later = slices.Clone(s.base.Letters), 0
		if s.there, err = s.base.next(); err != nil {
			return err
		}
	}
	return s.work.writeFile(s.width.sliceFile(s.slices, i), func(w io.Writer) error {
		s.out = newSliceWriter(w)
		if err := s.profiles(s.width.first(i + 1)); err != nil {
			return err
		}
		return s.out.close(s.feeder.tally)
	})
}

// profiles adds all profiles before a virtual shard.
func (s *stretch) profiles(end int) error {
	for s.ctx.Err() == nil {
		rows := s.more && s.merge.Shard() < end
		var err error
		switch {
		case !rows && !s.there:
			return s.merge.Err()
		case !rows, s.there && sorted.Compare(s.base.id, s.merge.Row().Profile) < 0:
			err = s.old()
		default:
			err = s.profile()
		}
		if err != nil {
			return err
		}
	}
	return s.ctx.Err()
}

// old adds a profile of the base of which nothing has come since.
func (s *stretch) old() error {
	if at := s.base.state.Deadline; at == 0 || at > s.request.AsOf {
		if err := s.out.add(s.base.id, &s.base.state); err != nil {
			return err
		}
	} else if err := s.replay(s.base.id, &s.base.state); err != nil {
		return err
	}
	return s.nextOld()
}

func (s *stretch) nextOld() (err error) {
	s.there, err = s.base.next()
	return err
}

// profile adds the profile of the row at hand.
func (s *stretch) profile() error {
	s.name = append(s.name[:0], s.merge.Row().Profile...)
	name := string(s.name)
	var base *state
	if s.there && s.base.id == name {
		base = &s.base.state
	}
	begun, err := s.rows(name, base)
	switch {
	case err != nil:
		return err
	case begun:
		err = s.finish(name)
	case base != nil:
		return s.old()
	}
	if base != nil && err == nil {
		err = s.nextOld()
	}
	return err
}

// rows feeds the rows of a profile that take part, and reports whether there
// was one.
func (s *stretch) rows(name string, base *state) (begun bool, err error) {
	since := int64(-1)
	if s.from != nil {
		since = s.from.AsOf
	}
	count := int64(0)
	for ; s.more; s.more = s.merge.Next() {
		row := s.merge.Row()
		if row.Profile != name {
			break
		}
		switch count++; {
		case row.Arrival <= since: // the base has it
		case row.Arrival > s.request.AsOf:
			s.feeder.tally.Later++
		default:
			if !begun {
				if err := s.feeder.begin(name, base, max(since, 0)); err != nil {
					return false, err
				}
				begun = true
			}
			if err := s.feeder.add(s.ctx, row, s.merge.Texts()); err != nil {
				return false, err
			}
		}
	}
	s.progress.rows.Add(count)
	return begun, s.merge.Err()
}

// replay brings a profile of the base to as-of without an event.
func (s *stretch) replay(name string, base *state) error {
	name = strings.Clone(name)
	if err := s.feeder.begin(name, base, s.from.AsOf); err != nil {
		return err
	}
	return s.finish(name)
}

func (s *stretch) finish(name string) error {
	state, there, err := s.feeder.finish(s.ctx)
	if err != nil || !there {
		return err
	}
	return s.out.add(name, state)
}
