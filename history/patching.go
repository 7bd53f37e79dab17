package history

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"muster/history/sorted"
	"muster/pipeline"
	"muster/rules"
)

// Patching says what of an archive a running service is given: patches of the
// series that some segments read, up to the seam of each shard.
type Patching struct {
	// Rules are all rules in force, and Segments the ids of those whose series
	// are given.
	Rules    *rules.Set
	Segments []string
	// Seams are where history ends, by shard: arrivals in ms since 1970 UTC.
	Seams []int64
	// Shard returns the shard of a profile. It is safe for concurrent use.
	Shard func(profile string) int
	// Sharding names how Shard chooses.
	Sharding string
}

// past makes one evaluator of histories; each worker has its own.
func (p *Patching) past(r *Request) (*pipeline.Past, error) {
	return pipeline.NewPast(p.Rules, r.Limits.Profiles, p.Segments)
}

// PatchPlan is Plan for the patches of the request's archive, for as-of the
// latest of the seams. The request's rules decide what is read of events; they
// may be a part of those in force.
func (b *Backfill) PatchPlan(ctx context.Context, p *Patching, tasks int) (*Plan, error) {
	b.patching = p
	return b.Plan(ctx, tasks)
}

// Patches makes what is left to make of the patches, and lists them. Like Run it
// may be killed at any time, and called again; what tasks of PatchPlan have made
// is not made again.
func (b *Backfill) Patches(ctx context.Context, p *Patching) (patches *Patches, err error) {
	b.report = Report{Request: b.request.ID(), Folder: b.work.locate(requestFile(b.request.ID(), ""))}
	plan, err := timed(&b.report.Plan, func() (*Plan, error) { return b.PatchPlan(ctx, p, 0) })
	if err != nil {
		return nil, err
	}
	_, err = timed(&b.report.Index, func() (any, error) { return nil, b.stage(ctx, plan, StageIndex) })
	if err != nil {
		return nil, err
	}
	_, err = timed(&b.report.Evaluate, func() (any, error) {
		for _, stage := range []Stage{StageFold, StageEvaluate} {
			if err := b.stage(ctx, plan, stage); err != nil {
				return nil, err
			}
		}
		patches, err = b.gatherPatches(plan)
		return nil, err
	})
	return patches, err
}

// Forget has the archive of a request listed anew the next time, whether it was
// finished or not.
func Forget(c *Config, request string) error { return c.work().files.Remove(manifestFile(request)) }

// gatherPatches lists what all tasks have made.
func (b *Backfill) gatherPatches(p *Plan) (*Patches, error) {
	in, err := b.inputs(p)
	if err != nil {
		return nil, err
	}
	results, err := b.results(p)
	if err != nil {
		return nil, err
	}
	patches, err := openPatches(b.work, in.Slices, p.width())
	if err != nil {
		return nil, err
	}
	patches.Report, patches.Whole = &b.report, wholeSince(p.Archive.items, results)
	total := &patches.sum.total
	b.report.Applied, b.report.Repeats, b.report.Later = total.Applied, total.Repeats, total.Later
	b.report.Summary = newSummary(b.request, &gathering{all: patches.Count, sum: sum{total: *total}}, results)
	if err := b.settle(); err != nil {
		return nil, fmt.Errorf("reporting what it cost: %w", err)
	}
	return patches, b.work.writeDead(requestFile(b.request.ID(), "dead.ndjson"), results, total.Letters)
}

// findPatchInputs finds out what patches are made of, as findInputs does for
// slices.
func (b *Backfill) findPatchInputs(p *Plan, results []indexed) (*inputs, []string, error) {
	base, _ := b.base(results)
	key, err := b.patching.key(b.request, base)
	if err != nil {
		return nil, nil, err
	}
	in := &inputs{Parts: p.key(), Slices: key}
	missing, err := b.missing(in, p.width().all())
	if err != nil || len(missing) == 0 {
		return in, nil, err
	}
	x, err := b.open()
	if err != nil {
		return nil, nil, err
	}
	runs := needed(results, nil)
	in.Runs = x.folded(append([]string{}, runs...))
	return in, runs, nil
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

// patching makes patches of sorted runs.
type patching struct {
	*Patching
	*evaluation
}

// key names the files of patches by all that they are made of.
func (p *Patching) key(r *Request, of *base) (string, error) {
	past, err := p.past(r)
	if err != nil {
		return "", err
	}
	return digest("patches", patchVersion, of.rules, p.Rules.Fingerprint(), of.inputs, past.Series(), p.Seams, p.Sharding, of.width())[:32], nil
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
			past, err := x.past(x.request)
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

// make makes the files of a span of one reading of the sorted runs.
func (x *patching) make(ctx context.Context, past *pipeline.Past, s span) (err error) {
	defer x.progress.meter.Task(StageEvaluate.String(), time.Now())
	merge, err := sorted.NewMerge(x.runs, x.width.first(s.first), x.width.first(s.end))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, merge.Close()) }()
	e := &extractor{patching: x, past: past, merge: merge, more: merge.Next()}
	for i := s.first; i < s.end; i++ {
		err := x.work.writeFile(x.width.patchFile(x.slices, i), func(w io.Writer) error { return e.write(ctx, w, x.width.first(i+1)) })
		if err != nil {
			return fmt.Errorf("patches of %s: %w", x.width.shards(i), err)
		}
		x.progress.slices.Add(1)
	}
	return nil
}
