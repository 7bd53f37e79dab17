package history

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"muster/history/account"
	"muster/history/projection"
	"muster/history/run"
)

// Config says how a backfill is done. It changes nothing of what comes out.
type Config struct {
	// Dir is the work directory. There is no default.
	Dir string
	// Workers is how many objects are indexed, or profiles replayed, at a time.
	// 1 to 1,024; default GOMAXPROCS.
	Workers int
	// SortBytes is the memory that each worker sorts events in, in bytes: 1 MB
	// to 4 GB; default 64 MB. What does not fit becomes a part of its own, so
	// it decides how runs are divided, and a run is the same only with the same.
	SortBytes int
	// MaxRuns bounds the runs that are merged at one time: each is an open
	// file, and takes some 200 KB of each worker's memory. Where there are more,
	// 64 at a time are folded into one before. 2 to 4,096; default 512.
	MaxRuns int
	// Anew lists the archive again where a request that was not finished has a
	// manifest already.
	Anew bool
	// Eager evaluates every event, as live, even where it is enough to evaluate
	// each profile once.
	Eager bool
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{Workers: runtime.GOMAXPROCS(0), SortBytes: 64 << 20, MaxRuns: 512}
}

// Validate returns what is out of range, joined.
func (c *Config) Validate() error {
	var problems []error
	if c.Dir == "" {
		problems = append(problems, errors.New("there is no work directory"))
	}
	if c.Workers < 1 || c.Workers > 1024 {
		problems = append(problems, fmt.Errorf("workers is %d; it must be between 1 and 1024", c.Workers))
	}
	if c.SortBytes < run.MinMemory || c.SortBytes > 4<<30 {
		problems = append(problems, fmt.Errorf("sort memory is %d; it must be between %d and %d", c.SortBytes, run.MinMemory, 4<<30))
	}
	if c.MaxRuns < 2 || c.MaxRuns > 4096 {
		problems = append(problems, fmt.Errorf("runs at one time are %d; they must be between 2 and 4096", c.MaxRuns))
	}
	return errors.Join(problems...)
}

// Backfill is one request being done. Progress may be asked at any time.
type Backfill struct {
	request  *Request
	config   Config
	work     work
	progress progress
	indexer  *index
	along    []projection.Projection // what others need kept
	earlier  account.Account         // of earlier attempts
	report   Report
}

// New returns a backfill that has not begun.
func New(r *Request, c Config) (*Backfill, error) {
	if err := errors.Join(r.Validate(), c.Validate()); err != nil {
		return nil, err
	}
	return &Backfill{request: r, config: c, work: work{dir: c.Dir}}, nil
}

// Progress returns how far it is.
func (b *Backfill) Progress() Progress { return b.progress.snapshot() }

// Run does what is left of the request: it writes the members of each segment,
// the dead letters and a summary into a folder below the work directory, which
// the report names. It may be killed at any time, and called again.
func (b *Backfill) Run(ctx context.Context) (report *Report, err error) {
	b.report = Report{Request: b.request.ID(), Folder: b.work.request(b.request.ID(), "")}
	listing, err := timed(&b.report.Plan, func() (*Listing, error) { return b.plan(ctx) })
	if err != nil {
		return nil, err
	}
	b.progress.stage.Store(int32(StageIndex))
	results, err := timed(&b.report.Index, func() ([]indexed, error) { return b.index(ctx, listing) })
	if err != nil {
		return nil, err
	}
	b.progress.stage.Store(int32(StageEvaluate))
	e, err := timed(&b.report.Evaluate, func() (*evaluation, error) { return b.evaluate(ctx, listing, results) })
	if err != nil {
		return nil, err
	}
	b.progress.stage.Store(int32(StageGather))
	began := time.Now()
	_, err = timed(&b.report.Gather, func() (*gathering, error) { return b.gather(ctx, e, results) })
	if err != nil {
		return nil, err
	}
	b.progress.meter.Task(StageGather.String(), began)
	if err := b.settle(); err != nil {
		return nil, fmt.Errorf("reporting what it cost: %w", err)
	}
	return &b.report, b.work.writeJSON(b.work.request(b.request.ID(), "report.json"), &b.report)
}

// timed notes how long something takes.
func timed[T any](took *Seconds, do func() (T, error)) (T, error) {
	began := time.Now()
	result, err := do()
	*took = Seconds(time.Since(began).Seconds())
	return result, err
}

func (b *Backfill) plan(ctx context.Context) (*Listing, error) {
	l, listed, err := b.request.manifest(ctx, b.work, b.config.Anew)
	if err != nil {
		return nil, fmt.Errorf("planning: %w", err)
	}
	b.report.Archive, b.report.Listed = l, listed
	b.progress.expect(func(p *Progress) { p.AllObjects, p.AllBytes = int64(l.Chosen.Objects), l.Chosen.Bytes })
	return l, nil
}

func (b *Backfill) index(ctx context.Context, l *Listing) ([]indexed, error) {
	x, err := newIndex(b.request, b.work, &b.config, &b.progress)
	if err != nil {
		return nil, err
	}
	x.keep(b.along)
	b.indexer = x
	results, err := x.perform(ctx, l.items)
	b.report.addObjects(results)
	return results, err
}

func (b *Backfill) evaluate(ctx context.Context, l *Listing, results []indexed) (*evaluation, error) {
	objects, notes, first := inputs(l.items, results)
	e := &evaluation{
		base: newBase(b.request.rules(), b.request.AsOf, objects, notes), request: b.request, work: b.work,
		progress: &b.progress, eager: b.config.Eager,
	}
	missing, err := e.missing()
	if err != nil {
		return nil, err
	}
	if len(missing) == 0 {
		b.report.addSlices(e, missing, 0)
		return e, e.save(b.work)
	}
	if e.from, err = findBase(b.work, e.base, first); err != nil {
		return nil, err
	}
	paths, err := b.indexer.fold(ctx, e.needed(results))
	if err != nil {
		return nil, err
	}
	if err := b.replay(ctx, e, paths, missing); err != nil {
		return nil, err
	}
	return e, e.save(b.work)
}

// replay makes the missing slices of the runs of some files.
func (b *Backfill) replay(ctx context.Context, e *evaluation, paths []string, missing []int) (err error) {
	e.runs, err = openRuns(paths)
	defer func() { err = errors.Join(err, closeRuns(e.runs)) }()
	if err != nil {
		return err
	}
	rows := int64(0)
	for _, r := range e.runs {
		rows += r.Rows()
	}
	b.report.addSlices(e, missing, rows)
	b.progress.expect(func(p *Progress) { p.AllRows, p.AllSlices = rows, int64(len(missing)) })
	return e.perform(ctx, missing, b.config.Workers)
}

func (b *Backfill) gather(ctx context.Context, e *evaluation, results []indexed) (*gathering, error) {
	id := b.request.ID()
	g, err := e.gather(ctx, b.config.Workers)
	if err != nil {
		return nil, err
	}
	if err := b.work.writeDead(b.work.request(id, "dead.ndjson"), results, g.total.Letters); err != nil {
		return nil, err
	}
	b.report.Applied, b.report.Repeats, b.report.Later = g.total.Applied, g.total.Repeats, g.total.Later
	b.report.Summary = newSummary(b.request, g, results)
	return g, b.work.writeJSON(b.work.request(id, "summary.json"), b.report.Summary)
}
