package history

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"muster/history/run"
	"muster/pipeline"
)

// Patching says what of an archive a running service is given: patches of the
// series that some segments read, up to the seam of each shard.
type Patching struct {
	// Past makes one evaluator of histories; each worker has its own. It must
	// be of all rules in force and of the request's limits.
	Past func() (*pipeline.Past, error)
	// Rules is a digest of all rules in force.
	Rules string
	// Seams are where history ends, by shard: arrivals in ms since 1970 UTC.
	Seams []int64
	// Shard returns the shard of a profile. It is safe for concurrent use.
	Shard func(profile string) int
	// Sharding names how Shard chooses.
	Sharding string
}

// Patches makes what is left to make of the patches of the request's archive,
// for as-of the latest of the seams, and lists them. Like Run it may be killed
// at any time, and called again. The request's rules decide what is read of
// events; they may be a part of those in force.
func (b *Backfill) Patches(ctx context.Context, p *Patching) (patches *Patches, err error) {
	b.report = Report{Request: b.request.ID(), Folder: b.work.locate(requestFile(b.request.ID(), ""))}
	plan, err := timed(&b.report.Plan, func() (*Plan, error) { return b.Plan(ctx, 0) })
	if err != nil {
		return nil, err
	}
	results, err := timed(&b.report.Index, func() ([]indexed, error) {
		if err := b.stage(ctx, plan, StageIndex); err != nil {
			return nil, err
		}
		return b.results(plan)
	})
	if err != nil {
		return nil, err
	}
	b.progress.stage.Store(int32(StageEvaluate))
	return timed(&b.report.Evaluate, func() (*Patches, error) { return b.patches(ctx, p, plan.Archive, results) })
}

// Forget has the archive of a request listed anew the next time, whether it was
// finished or not.
func Forget(c *Config, request string) error { return c.work().place.Remove(manifestFile(request)) }

// patches makes the files of patches that are not there.
func (b *Backfill) patches(ctx context.Context, p *Patching, l *Listing, results []indexed) (*Patches, error) {
	base, _ := b.base(results)
	x := &patching{Patching: p, base: base, evaluation: b.evaluation(&inputs{})}
	if err := x.name(); err != nil {
		return nil, err
	}
	missing, err := x.missing()
	if err != nil {
		return nil, err
	}
	b.report.addSlices(nil, sliceCount, len(missing), 0)
	if len(missing) > 0 {
		if err := b.extract(ctx, x, missing, results); err != nil {
			return nil, err
		}
	}
	patches, err := openPatches(b.work, x.key)
	if err != nil {
		return nil, err
	}
	patches.Report, patches.Whole = &b.report, wholeSince(l.items, results)
	total := &patches.total
	b.report.Applied, b.report.Repeats, b.report.Later = total.Applied, total.Repeats, total.Later
	b.report.Summary = newSummary(b.request, &gathering{all: patches.Count, total: *total}, results)
	if err := b.settle(); err != nil {
		return nil, fmt.Errorf("reporting what it cost: %w", err)
	}
	return patches, b.work.writeDead(requestFile(b.request.ID(), "dead.ndjson"), results, patches.total.Letters)
}

// extract makes the missing files of the runs of the archive.
func (b *Backfill) extract(ctx context.Context, x *patching, missing []int, results []indexed) error {
	keys := needed(results, nil)
	if err := b.indexer.fold(ctx, keys, b.indexer.rounds(len(keys))); err != nil {
		return err
	}
	var err error
	x.runs, err = b.work.openRuns(b.indexer.folded(keys))
	if err == nil {
		rows := int64(0)
		for _, r := range x.runs {
			rows += r.Rows()
		}
		b.report.Rows = rows
		b.progress.expect(func(p *Progress) { p.AllRows, p.AllSlices = rows, int64(len(missing)) })
		err = x.perform(ctx, missing, b.config.Workers)
	}
	return errors.Join(err, closeRuns(x.runs))
}

// wholeSince is the instant since which an archive is whole, as far as it tells
// itself: the first day that its layout names, else its first arrival. ms since
// 1970 UTC; 0 for an archive without an event.
func wholeSince(items []item, results []indexed) int64 {
	first, days := int64(0), true
	var day time.Time
	for i := range items {
		if at := items[i].choice.Day; at.IsZero() {
			days = false
		} else if day.IsZero() || at.Before(day) {
			day = at
		}
		if at := results[i].Note.First; at != 0 && (first == 0 || at < first) {
			first = at
		}
	}
	if days && !day.IsZero() {
		return day.UnixMilli()
	}
	return first
}

// patching makes patches of runs.
type patching struct {
	*Patching
	*evaluation
	base *base // of what is read
	key  string
}

// name gives the files of patches a name by all that they are made of.
func (x *patching) name() error {
	past, err := x.Past()
	if err != nil {
		return err
	}
	x.key = digest("patches", patchVersion, x.base.rules, x.Rules, x.base.inputs, past.Series(), x.Seams, x.Sharding, sliceShards)[:32]
	return nil
}

// missing returns the files that are not there yet.
func (x *patching) missing() ([]int, error) {
	return x.work.unused(0, sliceCount, func(i int) string { return patchFile(x.key, i) })
}

// perform makes what is missing, by some workers at a time.
func (x *patching) perform(ctx context.Context, missing []int, workers int) error {
	spans := x.spans(missing, workers)
	next := make(chan span, len(spans))
	for _, one := range spans {
		next <- one
	}
	close(next)
	group, ctx := errgroup.WithContext(ctx)
	for range min(workers, len(spans)) {
		group.Go(func() error {
			past, err := x.Past()
			if err != nil {
				return err
			}
			for one := range next {
				if err := x.make(ctx, past, one); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("making patches: %w", err)
	}
	return nil
}

// make makes the files of a span of one reading of the runs.
func (x *patching) make(ctx context.Context, past *pipeline.Past, s span) (err error) {
	defer x.progress.meter.Task(StageEvaluate.String(), time.Now())
	merge, err := run.NewMerge(x.runs, s.first*sliceShards, s.end*sliceShards)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, merge.Close()) }()
	e := &extractor{patching: x, past: past, merge: merge, more: merge.Next()}
	for i := s.first; i < s.end; i++ {
		err := x.work.writeFile(patchFile(x.key, i), func(w io.Writer) error { return e.write(ctx, w, (i+1)*sliceShards) })
		if err != nil {
			return fmt.Errorf("patches of virtual shards %d to %d: %w", i*sliceShards, (i+1)*sliceShards-1, err)
		}
		x.progress.slices.Add(1)
	}
	return nil
}
