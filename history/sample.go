package history

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"muster/history/sorted"
)

// Bounds of a sample, in objects.
const (
	DefaultSample = 8
	MaxSample     = 100
)

// Sample is what some objects of an archive tell of all of them.
type Sample struct {
	Objects  int   `json:"objects"`
	Bytes    int64 `json:"bytes"` // as they are stored
	Events   int64 `json:"events"`
	Profiles int64 `json:"profiles"`

	Estimate Estimate `json:"estimate"` // of all objects that were chosen
}

// Estimate is about what a request comes to. It is as good as the sample is
// like the rest of the archive.
type Estimate struct {
	Events int64 `json:"events"`
	// FewProfiles and ManyProfiles are what the number of profiles lies between
	// in most archives: as if all were equally active, and as if there were
	// always new ones.
	FewProfiles  int64 `json:"few_profiles"`
	ManyProfiles int64 `json:"many_profiles"`
	// Heaviest is the profile with the most events, by the sample, and
	// HeaviestShare its part of them, 0 to 1. It is work that can't be divided.
	Heaviest      string  `json:"heaviest"`
	HeaviestShare float64 `json:"heaviest_share"`
	RunBytes      int64   `json:"run_bytes"`   // of all sorted runs
	SliceBytes    int64   `json:"slice_bytes"` // of all slices, at most
	// IndexSeconds and EvaluateSeconds are what is left of the stages, by as
	// many workers as the request has, at the rate of the sample: IndexSeconds
	// is 0 where that is not known, as all of the sample was there.
	IndexSeconds    Seconds `json:"index_seconds"`
	EvaluateSeconds Seconds `json:"evaluate_seconds"`
}

// Sample indexes and replays some of an outline's objects, and has the outline
// say what they tell of all. Equal listings give the same objects, spread
// evenly over the bytes of the archive. Their sorted runs are kept, so that what the
// sample reads is not read again; nothing else is.
func (b *Backfill) Sample(ctx context.Context, o *Outline, objects int) error {
	if objects < 1 || objects > MaxSample {
		return fmt.Errorf("a sample of %d objects; it must be of 1 to %d", objects, MaxSample)
	}
	s := &sampling{Backfill: b, items: pick(o.Archive.items, objects)}
	if err := s.makeRuns(ctx); err != nil {
		return fmt.Errorf("indexing a sample of %d objects: %w", len(s.items), err)
	}
	if err := s.makeSlices(ctx); err != nil {
		return fmt.Errorf("replaying a sample of %d objects: %w", len(s.items), err)
	}
	var err error
	if o.Sample, err = s.estimate(o); err != nil {
		return fmt.Errorf("counting a sample of %d objects: %w", len(s.items), err)
	}
	return nil
}

// pick returns some items, in their order: those that the middles of equal
// parts of all bytes fall to. A large one may have several, and counts once.
func pick(items []item, n int) []item {
	if len(items) <= n {
		return items
	}
	total := int64(0)
	for i := range items {
		total += items[i].Size
	}
	var picked []item
	before := int64(0)
	for i, part := 0, int64(0); i < len(items); i++ {
		hit := false
		for before += items[i].Size; part < int64(n) && total/int64(2*n)*(2*part+1) < before; part++ {
			hit = true
		}
		if hit {
			picked = append(picked, items[i])
		}
	}
	return picked
}

// sampling is a sample being taken.
type sampling struct {
	*Backfill
	items   []item
	results []indexed

	made       Totals  // of items whose sorted runs were not there
	indexing   Seconds // that took
	replaying  Seconds
	runBytes   int64
	sliceBytes int64
}

// makeRuns makes the sorted runs that are not there.
func (s *sampling) makeRuns(ctx context.Context) error {
	x, err := newIndex(s.request, s.work, &s.config, &progress{})
	if err != nil {
		return err
	}
	s.results, err = timed(&s.indexing, func() ([]indexed, error) { return x.perform(ctx, s.items, nil) })
	if err != nil {
		return err
	}
	for i := range s.results {
		one := &s.results[i]
		if one.Made {
			s.made.add(s.items[i].Object)
		}
		if one.Run == "" {
			continue
		}
		bytes, err := s.work.size(runFile(one.Run))
		if err != nil {
			return err
		}
		s.runBytes += bytes
	}
	return nil
}

// makeSlices makes slices of the sample in a folder that does not stay.
func (s *sampling) makeSlices(ctx context.Context) (err error) {
	own, _ := s.work.folder() // in the folder of temporary files where there is none
	folder, err := os.MkdirTemp(own.Dir, "sample-*.part")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	base, _ := s.base(s.results)
	e := &evaluation{
		slices: base.key(), width: base.width(), request: s.request, work: localWork(folder), progress: &progress{}, eager: s.config.Eager,
	}
	err = s.withRuns(s.results, func(runs []*sorted.Run) error {
		e.runs = runs
		all, err := e.work.missing(e.slices, e.width, e.width.all())
		if err != nil {
			return err
		}
		_, err = timed(&s.replaying, func() (any, error) { return nil, e.perform(ctx, all, s.config.Workers) })
		return err
	})
	if err != nil {
		return err
	}
	for i := range e.width.count() {
		bytes, err := e.work.size(e.width.sliceFile(e.slices, i))
		if err != nil {
			return err
		}
		s.sliceBytes += bytes
	}
	return nil
}

// withRuns opens the sorted runs of some objects for as long as do takes.
func (s *sampling) withRuns(results []indexed, do func([]*sorted.Run) error) error {
	var keys []string
	for i := range results {
		if results[i].Run != "" {
			keys = append(keys, results[i].Run)
		}
	}
	runs, err := s.work.openRuns(keys)
	if err == nil {
		err = do(runs)
	}
	return errors.Join(err, closeRuns(runs))
}

// census is who is in some sorted runs.
type census struct {
	profiles, rows int64
	heaviest       string
	most           int64 // rows of the heaviest
}

// count counts who is in the sorted runs of some objects.
func (s *sampling) count(results []indexed) (c census, err error) {
	err = s.withRuns(results, func(runs []*sorted.Run) error {
		merge, err := sorted.NewMerge(runs, 0, sorted.VirtualShards)
		if err != nil {
			return err
		}
		name, own := "", int64(0)
		for merge.Next() {
			if profile := merge.Row().Profile; profile != name || c.rows == 0 {
				name, own = strings.Clone(profile), 0
				c.profiles++
			}
			c.rows++
			if own++; own > c.most {
				c.heaviest, c.most = name, own
			}
		}
		return errors.Join(merge.Err(), merge.Close())
	})
	return c, err
}
