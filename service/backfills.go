package service

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"muster/history"
	"muster/history/archive"
	"muster/history/files"
	"muster/history/lease"
	"muster/history/queue"
	"muster/lookup"
	"muster/rules"
	"muster/stream"
)

// backfills are the requests of a work directory as the API sees them.
type backfills struct {
	work  string
	reach archive.Config
	rules func() *rules.Set // those in force

	mutex  sync.Mutex
	bucket *files.Bucket // nil until it was reached, and where work is a folder
}

// place returns where the work directory is. A bucket is connected to when somebody
// asks first, so that the service starts while it is away.
func (b *backfills) place(ctx context.Context) (history.Files, error) {
	if !files.IsBucket(b.work) {
		return history.LocalFiles(b.work), nil
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.bucket == nil {
		bucket, err := files.OpenBucket(ctx, b.work, b.reach)
		if err != nil {
			return nil, err
		}
		b.bucket = bucket
	}
	return b.bucket.With(ctx), nil
}

func (b *backfills) queue(ctx context.Context) (*queue.Queue, error) {
	place, err := b.place(ctx)
	if err != nil {
		return nil, err
	}
	return queue.In(b.work, place), nil
}

// told returns all that is told of, see queue.Told.
func (b *backfills) told(ctx context.Context) ([]*queue.Entry, map[string]*queue.Entry, error) {
	requests, err := b.queue(ctx)
	if err != nil {
		return nil, nil, err
	}
	return requests.Told(ctx)
}

// List implements api.Backfills.
func (b *backfills) List(ctx context.Context) ([]*queue.Entry, error) {
	list, _, err := b.told(ctx)
	return list, err
}

// find returns the request of an id, or of an order's id. It is looked for among those that there
// are, so no id leads out of the work directory.
func (b *backfills) find(ctx context.Context, id string) (*queue.Entry, error) {
	list, aliases, err := b.told(ctx)
	if err != nil {
		return nil, err
	}
	if e := aliases[id]; e != nil {
		return e, nil
	}
	ids := make([]string, len(list))
	for i, e := range list {
		if ids[i] = e.ID; e.ID == id {
			return e, nil
		}
	}
	return nil, lookup.UnknownBackfill(id, ids)
}

// See implements api.Backfills.
func (b *backfills) See(ctx context.Context, id string) (*queue.Entry, []lease.Holder, error) {
	e, err := b.find(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if e.Folder == "" {
		return e, nil, nil
	}
	place, err := b.place(ctx)
	if err != nil {
		return nil, nil, err
	}
	tasks, err := SeeBackfill(b.work, place, e, time.Now())
	return e, tasks, err
}

// Cancel implements api.Backfills.
func (b *backfills) Cancel(ctx context.Context, id string) (*queue.Entry, error) {
	e, err := b.find(ctx, id)
	if err != nil {
		return nil, err
	}
	if e.Folder == "" {
		return b.withdraw(ctx, e)
	}
	requests, err := b.queue(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := requests.Cancel(ctx, e.ID); err != nil {
		return nil, err
	}
	return b.find(ctx, id)
}

// Outline implements api.Outlines.
func (b *backfills) Outline(ctx context.Context, id string) (*history.Outline, error) {
	e, err := b.find(ctx, id)
	if err != nil {
		return nil, err
	}
	return OutlineBackfill(ctx, e, b.reach)
}

// OutlineBackfill returns what a request of a work directory would do now, and why. It
// takes the request over from its plan, and does nothing of it. An error that is about
// the request is a *lookup.InputError.
func OutlineBackfill(ctx context.Context, e *queue.Entry, reach archive.Config) (*history.Outline, error) {
	if e.Folder == "" {
		return nil, lookup.Undrawable(e.ID, "it has no plan yet")
	}
	one, err := history.ResumeBy(ctx, planOf(e), 1, history.Reach{Archive: reach, Sharding: Sharding})
	if err != nil {
		return nil, undrawable(e.ID, err)
	}
	plan, err := one.Planned()
	if err != nil {
		return nil, undrawable(e.ID, err)
	}
	draw := one.Outline
	if plan.Patches != nil {
		draw = one.PatchOutline
	}
	outline, err := draw(ctx)
	return outline, undrawable(e.ID, err)
}

// planOf is where the plan of a request is.
func planOf(e *queue.Entry) string {
	if files.IsBucket(e.Folder) {
		return e.Folder + "/plan.json"
	}
	return filepath.Join(e.Folder, "plan.json")
}

// undrawable tells a backfill that can't be drawn as it is from what may pass.
func undrawable(id string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return lookup.Undrawable(id, "it has no plan yet, or its archive is gone")
	case errors.Is(err, history.ErrOther), errors.Is(err, history.ErrNothing):
		return lookup.Undrawable(id, err.Error())
	}
	return err
}

// Sharding returns the partitioner of a keyed topic.
func Sharding(name string, shards int) (func(string) int, error) {
	p, err := stream.NewPartitioner(name, shards)
	if err != nil {
		return nil, err
	}
	return p.Partition, nil
}

// SeeBackfill returns who is at the tasks of a request of a work directory, and where
// nobody waits for them who would write it down sets in the request how far they are.
func SeeBackfill(location string, place history.Files, e *queue.Entry, now time.Time) ([]lease.Holder, error) {
	work, err := lease.Look(place, e.ID, now)
	if err != nil {
		return nil, err
	}
	busy := slices.Clip(work.Busy(now))
	if len(busy) == 0 || e.State.Phase.Active() {
		return busy, nil
	}
	p, err := history.NewSurvey(location, place, e.ID).Look(now)
	e.State.Stages = StagesOf(p)
	return busy, err
}

// StagesOf is how far a backfill is, as its work directory keeps it.
func StagesOf(p history.Progress) []queue.Stage {
	var list []queue.Stage
	for s := history.StagePlan; s <= p.Stage; s++ {
		one := queue.Stage{Name: s.String(), Reads: s <= history.StageIndex}
		switch s {
		case history.StageIndex:
			one.Done, one.All, one.Unit, one.Rest = p.Bytes, p.AllBytes, "B", evaluateShare
		case history.StageEvaluate:
			one.Done, one.All, one.Unit = Evaluated(p)
		case history.StagePlan, history.StageGather:
		}
		list = append(list, one)
	}
	return list
}

// Evaluated is how much of the profiles is replayed: events, or slices where
// others replay them.
func Evaluated(p history.Progress) (done, all int64, unit string) {
	if p.AllRows == 0 && p.AllSlices > 0 {
		return p.Slices, p.AllSlices, "slices"
	}
	return p.Rows, p.AllRows, "events"
}

// evaluateShare is how long the stages behind indexing take beside it, where
// all is read: 1.9 us of an event beside 3.7 (docs/backfill.md).
const evaluateShare = 0.5
