package history

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// Do does one task of the plan that is in the work directory. One that was done
// does nothing, one that was killed goes on where it was, and two that are done
// at the same time, by whatever machines, do no harm. All tasks of a stage come
// before those of the next.
func (b *Backfill) Do(ctx context.Context, t Task) error {
	p, err := b.Planned()
	if err != nil {
		return err
	}
	if n := p.Tasks(t.Stage); t.Index < 0 || t.Index >= n {
		return fmt.Errorf("there is no %s task %d: the plan has %d, counted from 0", t.Stage, t.Index, n)
	}
	if t.Piece < 0 || t.Piece >= max(1, t.Pieces) {
		return fmt.Errorf("there is no piece %d of %d", t.Piece, t.Pieces)
	}
	b.progress.stage.Store(int32(t.Stage))
	switch t.Stage {
	case StageIndex:
		return b.index(ctx, p, t)
	case StageFold:
		return b.fold(ctx, p, t)
	case StageEvaluate:
		of := p.Evaluate[t.Index]
		of.First, of.End = t.cut(of.First, of.End)
		return b.evaluate(ctx, p, of)
	default:
		return fmt.Errorf("stage %s has no tasks", t.Stage)
	}
}

// open returns the index, which it makes at the first call.
func (b *Backfill) open() (*index, error) {
	if b.indexer == nil {
		x, err := newIndex(b.request, b.work, &b.config, &b.progress)
		if err != nil {
			return nil, err
		}
		x.keep(b.along)
		b.indexer = x
	}
	return b.indexer, nil
}

// index makes the sorted runs of a part's objects, and leaves what became of them. A
// piece leaves nothing but its sorted runs.
func (b *Backfill) index(ctx context.Context, p *Plan, t Task) error {
	part := &p.Index[t.Index]
	x, err := b.open()
	if err != nil {
		return err
	}
	before, err := b.work.readIndexed(nil, p.Request, part)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	items, err := x.readPart(part)
	if err != nil {
		return err
	}
	if t.Pieces > 1 {
		first, end := t.cut(0, len(items))
		_, err := x.perform(ctx, items[first:end], before[min(len(before), first):min(len(before), end)])
		return err
	}
	results, err := x.perform(ctx, items, before)
	if err != nil {
		return err
	}
	b.report.addObjects(results)
	if same(results, before) {
		return nil
	}
	return b.work.writeIndexed(p.Request, part, results)
}

// same reports whether the same became of objects as before.
func same(now, before []indexed) bool {
	for i := range before {
		if now[i].Run != before[i].Run || now[i].Made {
			return false
		}
	}
	return len(now) == len(before)
}

// fold folds a share of the sorted runs that are too many to be merged at one time.
func (b *Backfill) fold(ctx context.Context, p *Plan, t Task) error {
	in, runs, err := b.findInputs(p)
	if err != nil || len(runs) == 0 {
		return err
	}
	// Each of the sorted runs that are left in the end is of so many.
	rounds, width := b.indexer.rounds(len(runs)), 1
	for range rounds {
		width *= foldRuns
	}
	first, end := t.cut(t.Index*len(in.Runs)/p.Fold, (t.Index+1)*len(in.Runs)/p.Fold)
	return b.indexer.fold(ctx, runs[min(len(runs), first*width):min(len(runs), end*width)], rounds)
}

// evaluate makes the slices of a span.
func (b *Backfill) evaluate(ctx context.Context, p *Plan, of Span) error {
	in, err := b.inputs(p)
	if err != nil {
		return err
	}
	missing, err := b.missing(in, of)
	if err != nil {
		return err
	}
	if len(missing) == 0 {
		b.report.addSlices(in.From, of.End-of.First, 0, 0)
		return nil
	}
	if err := b.foldMissing(ctx, p, in); err != nil {
		return err
	}
	return b.replay(ctx, in, of, missing)
}

// missing returns what of a span is not there yet.
func (b *Backfill) missing(in *inputs, of Span) ([]int, error) {
	if b.patching == nil {
		return b.work.missing(in.Slices, b.width(), of)
	}
	return b.work.unused(of.First, of.End, func(i int) string { return b.width().patchFile(in.Slices, i) })
}

// foldMissing folds sorted runs where no fold task has done so.
func (b *Backfill) foldMissing(ctx context.Context, p *Plan, in *inputs) error {
	for _, path := range runFiles(in.Runs) {
		there, err := b.work.use(path)
		if err != nil {
			return err
		}
		if there {
			continue
		}
		x, err := b.open()
		if err != nil {
			return err
		}
		results, err := b.results(p)
		if err != nil {
			return err
		}
		runs := needed(results, in.From)
		return x.fold(ctx, runs, x.rounds(len(runs)))
	}
	return nil
}

// replay makes the missing slices of a span, or its files of patches.
func (b *Backfill) replay(ctx context.Context, in *inputs, of Span, missing []int) (err error) {
	e := b.evaluation(in)
	perform := e.perform
	if b.patching != nil {
		perform = (&patching{b.patching, e}).perform
	}
	e.runs, err = b.work.openRuns(in.Runs)
	defer func() { err = errors.Join(err, closeRuns(e.runs)) }()
	if err != nil {
		return err
	}
	rows := e.rows(of.First, of.End)
	b.report.addSlices(in.From, of.End-of.First, len(missing), rows)
	b.progress.expect(func(p *Progress) { p.AllRows, p.AllSlices = p.AllRows+rows, p.AllSlices+int64(len(missing)) })
	return perform(ctx, missing, b.config.Workers)
}

func (b *Backfill) evaluation(in *inputs) *evaluation {
	return &evaluation{slices: in.Slices, width: b.width(), from: in.From, request: b.request, work: b.work, progress: &b.progress, eager: b.config.Eager}
}

// Gather writes what comes out, of the slices that all tasks have made. Its
// report is of this process, but for what came out.
func (b *Backfill) Gather(ctx context.Context) (*Report, error) {
	b.progress.stage.Store(int32(StageGather))
	began := time.Now()
	_, err := timed(&b.report.Gather, func() (struct{}, error) { return struct{}{}, b.gather(ctx) })
	if err != nil {
		return nil, err
	}
	b.progress.meter.Task(StageGather.String(), began)
	if err := b.settle(); err != nil {
		return nil, fmt.Errorf("reporting what it cost: %w", err)
	}
	return &b.report, b.work.writeJSON(requestFile(b.request.ID(), "report.json"), &b.report)
}

func (b *Backfill) gather(ctx context.Context) error {
	p, err := b.Planned()
	if err != nil {
		return err
	}
	if b.patching != nil {
		return ErrPatches
	}
	b.report.Archive = p.Archive
	e, results, err := b.complete(p)
	if err != nil {
		return err
	}
	b.report.addOthers(results, p.width())
	return b.result(ctx, e, results)
}

// ErrPatches says that a plan is of patches, which are for a service.
var ErrPatches = errors.New("the plan is of history for a running service, where there is nothing to gather: " +
	"evaluator backfill start, with the flags that it was planned with, goes on with it")

// complete sees that all slices are there, and has later requests look for them.
func (b *Backfill) complete(p *Plan) (*evaluation, []indexed, error) {
	in, err := b.inputs(p)
	if err != nil {
		return nil, nil, err
	}
	missing, err := b.work.missing(in.Slices, p.width(), p.width().all())
	if err != nil {
		return nil, nil, err
	}
	if len(missing) > 0 {
		return nil, nil, fmt.Errorf("%d of %d slices are missing; all evaluate tasks come before gather", len(missing), p.width().count())
	}
	results, err := b.results(p)
	if err != nil {
		return nil, nil, err
	}
	made, _ := b.base(results)
	return b.evaluation(in), results, made.save(b.work)
}

// result writes the files of the request.
func (b *Backfill) result(ctx context.Context, e *evaluation, results []indexed) error {
	id := b.request.ID()
	g, err := e.gather(ctx, b.config.Workers)
	if err != nil {
		return err
	}
	if err := b.work.writeDead(requestFile(id, "dead.ndjson"), results, g.sum.total.Letters); err != nil {
		return err
	}
	b.report.Applied, b.report.Repeats, b.report.Later = g.sum.total.Applied, g.sum.total.Repeats, g.sum.total.Later
	b.report.Summary = newSummary(b.request, g, results)
	return b.work.writeJSON(requestFile(id, "summary.json"), b.report.Summary)
}
