package temporal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"
	sdk "go.temporal.io/sdk/temporal"

	"muster/history"
	"muster/history/archive"
	"muster/history/files"
)

// The types of errors. The first two are not tried again as they are.
const (
	typeLasting = "Lasting" // the same however often it is tried
	typeDied    = "Died"    // workers died of it
	typePassing = "Passing" // tried again after a pause of its own
)

// Activities do tasks in a work directory.
type Activities struct {
	Dir     string // that all workers share: a folder, or s3://bucket/prefix
	Workers int    // goroutines of a task: see history.Config
	// Reach says how to get to the bucket; it counts for nothing with a folder.
	Reach archive.Config
}

// file is where a file of a request is.
func (a *Activities) file(request, name string) string {
	if files.IsBucket(a.Dir) {
		return strings.TrimSuffix(a.Dir, "/") + "/" + path.Join("requests", request, name)
	}
	return filepath.Join(a.Dir, "requests", request, name)
}

// stages are those that have any number of tasks, in their order.
var stages = []history.Stage{history.StageIndex, history.StageFold, history.StageEvaluate}

// Plan lists the archive of a request and cuts it into tasks.
func (a *Activities) Plan(ctx context.Context, request string, tasks int) (planned Planned, err error) {
	err = a.perform(ctx, request, "order.json", history.Task{Stage: history.StagePlan}, func(ctx context.Context, b *history.Backfill) error {
		p, err := b.Plan(ctx, tasks)
		if err != nil {
			return err
		}
		for _, stage := range stages {
			planned.Stages = append(planned.Stages, Stage{stage.String(), p.Tasks(stage)})
		}
		return nil
	})
	return planned, err
}

// Task does a task, or a piece of one. A piece has as much less memory as it is
// smaller.
func (a *Activities) Task(ctx context.Context, p Piece) error {
	for _, stage := range stages {
		if stage.String() != p.Stage {
			continue
		}
		t := history.Task{Stage: stage, Index: p.Index, Piece: p.Piece, Pieces: p.Pieces}
		return a.perform(ctx, p.Request, "plan.json", t, func(ctx context.Context, b *history.Backfill) error {
			return b.Do(ctx, t)
		})
	}
	return told(ctx, fmt.Errorf("%w: there is no stage %q here", history.ErrOther, p.Stage))
}

// Gather writes what comes out of a request.
func (a *Activities) Gather(ctx context.Context, request string) error {
	return a.perform(ctx, request, "plan.json", history.Task{Stage: history.StageGather}, func(ctx context.Context, b *history.Backfill) error {
		_, err := b.Gather(ctx)
		return err
	})
}

var isID = regexp.MustCompile(`^[0-9a-f]{16}$`)

// perform takes a request over and does a task of it, a piece of one with a share
// of the workers, while it tells the server, and the work directory, that it lives.
func (a *Activities) perform(ctx context.Context, request, file string, t history.Task, do func(context.Context, *history.Backfill) error) error {
	if !isID.MatchString(request) {
		return told(ctx, fmt.Errorf("%w: %q is no id of a request", history.ErrOther, request))
	}
	b, err := history.ResumeBy(ctx, a.file(request, file), max(1, a.Workers/max(1, t.Pieces)), history.Reach{Archive: a.Reach})
	if err != nil {
		return told(ctx, err)
	}
	return told(ctx, b.Leased(t, func() error {
		return alive(ctx, b.Progress, func(ctx context.Context) error { return do(ctx, b) })
	}))
}

// The pause before another attempt of what may pass is drawn from 0 to a bound that
// doubles from the first to the longest, so that tasks whose archive was away don't come
// back in step. Those of Temporal's own policies are the same for all.
const (
	firstPause   = time.Second
	longestPause = time.Minute
)

// pause returns how long to wait after an attempt, counted from 1.
func pause(attempt int32) time.Duration {
	bound := longestPause
	if doublings := attempt - 1; doublings < 6 { // the sixth is beyond the longest
		bound = firstPause << doublings
	}
	return 1 + rand.N(bound) // of 0 the server would take that of the policy
}

// told makes an error one that the server understands: whether another attempt is of
// use, and when.
func told(ctx context.Context, err error) error {
	var own *sdk.ApplicationError
	switch {
	case err == nil, errors.As(err, &own), errors.Is(err, context.Canceled), errors.Is(err, errStopping):
		return err
	case history.Lasting(err):
		return sdk.NewNonRetryableApplicationError(err.Error(), typeLasting, nil)
	case activity.IsActivity(ctx):
		wait := pause(activity.GetInfo(ctx).Attempt)
		return sdk.NewApplicationErrorWithOptions(err.Error(), typePassing, sdk.ApplicationErrorOptions{NextRetryDelay: wait})
	}
	return err
}
