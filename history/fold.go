package history

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"muster/event"
	"muster/history/projection"
	"muster/history/sorted"
)

// foldRuns is how many sorted runs are folded into one. A larger number would make
// fewer rounds and need more memory.
const foldRuns = 64

// resetEvery is after how many rows the memory of decoded events is taken
// back.
const resetEvery = 256

// rounds returns how often so many sorted runs are folded until they are few enough to
// be merged at one time.
func (x *index) rounds(runs int) int {
	n := 0
	for ; runs > x.config.MaxRuns; n++ {
		runs = (runs + foldRuns - 1) / foldRuns
	}
	return n
}

// folded returns the keys of as few sorted runs as may be merged at one time, that
// have what the given ones have: where there are more, sorted runs that stand beside
// each other are folded into one. These are kept as others are.
func (x *index) folded(keys []string) []string {
	for range x.rounds(len(keys)) {
		keys = x.round(keys)
	}
	return keys
}

// round returns the keys of sorted runs that were folded once.
func (x *index) round(keys []string) []string {
	var folded []string
	for group := range slices.Chunk(keys, foldRuns) {
		folded = append(folded, x.foldKey(group))
	}
	return folded
}

// foldKey returns the key of the sorted run that some are folded into.
func (x *index) foldKey(keys []string) string {
	if len(keys) == 1 {
		return keys[0]
	}
	return runKey(digest("fold", keys), x.wanted)
}

// fold folds sorted runs so many times. Each is there already, or is made.
func (x *index) fold(ctx context.Context, keys []string, rounds int) error {
	for range rounds {
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(x.config.Workers)
		for some := range slices.Chunk(keys, foldRuns) {
			group.Go(func() error { return x.foldOne(ctx, some) })
		}
		if err := group.Wait(); err != nil {
			return fmt.Errorf("folding sorted runs: %w", err)
		}
		keys = x.round(keys)
	}
	return nil
}

// foldOne folds some sorted runs into one, unless it is there.
func (x *index) foldOne(ctx context.Context, keys []string) error {
	path := runFile(x.foldKey(keys))
	if there, err := x.work.use(path); there || err != nil || len(keys) == 1 {
		return err
	}
	defer x.progress.meter.Task("fold", time.Now())
	d, err := newDigester(x.request, x.work, x.wanted, x.config.SortBytes)
	if err != nil {
		return err
	}
	runs, err := x.work.openRuns(keys)
	if err == nil {
		err = x.work.writeFile(path, func(out io.Writer) error { return d.join(ctx, out, runs) })
	}
	return errors.Join(err, closeRuns(runs))
}

// join writes the rows of some sorted runs as one. They come in order, so each part
// but the first begins where the one before ends.
func (d *digester) join(ctx context.Context, out io.Writer, runs []*sorted.Run) (err error) {
	merge, err := sorted.NewMerge(runs, 0, sorted.VirtualShards)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, merge.Close()) }()
	d.encoder.Reset()
	d.writer.Reset(out)
	decoder := &projection.Decoder{}
	for n := 1; merge.Next(); n++ {
		row := merge.Row()
		ev := event.Event{Profile: row.Profile, MessageID: row.MessageID, Time: row.Time, Arrival: row.Arrival}
		if err := decoder.Decode(&ev, row.Kind, row.Body, merge.Texts()); err != nil {
			return err
		}
		if err := d.add(&ev); err != nil {
			return err
		}
		if n%resetEvery == 0 {
			if decoder.Reset(); ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
	if merge.Err() != nil {
		return merge.Err()
	}
	return d.writer.Close(d.encoder.Texts(), nil)
}

// openRun opens a run.
func (w work) openRun(key string) (*sorted.Run, error) {
	in, err := w.files.Open(runFile(key))
	if err != nil {
		return nil, fmt.Errorf("opening a sorted run: %w", err)
	}
	return sorted.Open(w.locate(runFile(key)), in)
}

// openRuns opens some sorted runs, some at a time. Close them, after an error too.
func (w work) openRuns(keys []string) ([]*sorted.Run, error) {
	runs := make([]*sorted.Run, len(keys))
	group := errgroup.Group{}
	group.SetLimit(findAtOnce)
	for i, key := range keys {
		group.Go(func() (err error) {
			runs[i], err = w.openRun(key)
			return err
		})
	}
	return runs, group.Wait()
}

func closeRuns(runs []*sorted.Run) error {
	var errs []error
	for _, r := range runs {
		if r != nil {
			errs = append(errs, r.Close())
		}
	}
	return errors.Join(errs...)
}
