package history

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"muster/history/account"
	"muster/history/files"
	"muster/history/projection"
	"muster/history/sorted"
)

// Config says how a backfill is done. It changes nothing of what comes out.
type Config struct {
	// Dir is the work directory: a folder, or the s3://bucket/prefix that Files
	// was opened with. There is no default.
	Dir string
	// Files are what it has. Default: the folder Dir.
	Files Files
	// Workers is how many objects are indexed, or profiles replayed, at a time.
	// 1 to 1,024; default GOMAXPROCS.
	Workers int
	// SortBytes is the memory that each worker sorts events in, in bytes: 1 MB
	// to 4 GB; default 64 MB. What does not fit becomes a part of its own, so
	// it decides how sorted runs are divided, and a sorted run is the same only with the same.
	SortBytes int
	// MaxRuns bounds the sorted runs that are merged at one time: each is an open
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
	if files.IsBucket(c.Dir) && c.Files == nil {
		problems = append(problems, fmt.Errorf("the bucket of the work directory %s was not opened", c.Dir))
	}
	if c.Workers < 1 || c.Workers > 1024 {
		problems = append(problems, fmt.Errorf("workers is %d; it must be between 1 and 1024", c.Workers))
	}
	if c.SortBytes < sorted.MinMemory || c.SortBytes > 4<<30 {
		problems = append(problems, fmt.Errorf("sort memory is %d; it must be between %d and %d", c.SortBytes, sorted.MinMemory, 4<<30))
	}
	if c.MaxRuns < 2 || c.MaxRuns > 4096 {
		problems = append(problems, fmt.Errorf("runs at one time are %d; they must be between 2 and 4096", c.MaxRuns))
	}
	return errors.Join(problems...)
}

// work is the work directory.
func (c *Config) work() work {
	if c.Files == nil {
		return localWork(c.Dir)
	}
	return work{dir: c.Dir, files: c.Files}
}

// Opened are the files of the work directory.
func (c *Config) Opened() Files { return c.work().files }

// Backfill is one request being done. Progress may be asked at any time; all
// else is for one goroutine.
type Backfill struct {
	request  *Request
	config   Config
	work     work
	progress progress
	indexer  *index                  // nil until it is needed
	todo     *Plan                   // nil until it is made or read
	patching *Patching               // nil where slices are made
	along    []projection.Projection // what others need kept
	earlier  account.Account         // of earlier attempts
	report   Report
}

// New returns a backfill that has not begun.
func New(r *Request, c Config) (*Backfill, error) {
	if err := errors.Join(r.Validate(), c.Validate()); err != nil {
		return nil, err
	}
	b := &Backfill{request: r, config: c, work: c.work()}
	b.report = Report{Request: r.ID(), Folder: b.work.locate(requestFile(r.ID(), ""))}
	return b, nil
}

// Progress returns how far it is.
func (b *Backfill) Progress() Progress { return b.progress.snapshot() }

// Run does what is left of the request, one task after the other: it writes the
// members of each segment, the dead letters and a summary into a folder below
// the work directory, which the report names. It may be killed at any time, and
// called again.
func (b *Backfill) Run(ctx context.Context) (*Report, error) {
	p, err := timed(&b.report.Plan, func() (*Plan, error) { return b.Plan(ctx, 0) })
	if err != nil {
		return nil, err
	}
	for _, stage := range []struct {
		Stage
		took *Seconds
	}{{StageIndex, &b.report.Index}, {StageFold, &b.report.Fold}, {StageEvaluate, &b.report.Evaluate}} {
		_, err := timed(stage.took, func() (struct{}, error) { return struct{}{}, b.stage(ctx, p, stage.Stage) })
		if err != nil {
			return nil, err
		}
	}
	return b.Gather(ctx)
}

// stage does all tasks of a stage.
func (b *Backfill) stage(ctx context.Context, p *Plan, s Stage) error {
	for i := range p.Tasks(s) {
		if err := b.Do(ctx, Task{Stage: s, Index: i}); err != nil {
			return err
		}
	}
	return nil
}

// timed notes how long something takes.
func timed[T any](took *Seconds, do func() (T, error)) (T, error) {
	began := time.Now()
	result, err := do()
	*took = Seconds(time.Since(began).Seconds())
	return result, err
}
