package history

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"muster/history/run"
)

// evaluation makes slices of runs: the second stage.
type evaluation struct {
	*base    // what it makes
	request  *Request
	work     work
	progress *progress
	eager    bool  // whether every event is evaluated, as live
	from     *base // what it goes on from, nil for the beginning
	runs     []*run.Run
}

// needed returns the runs that have anything that the base lacks.
func (e *evaluation) needed(results []indexed) []string {
	var paths []string
	for i := range results {
		one := &results[i]
		if one.run != "" && one.note.Events > 0 && (e.from == nil || one.note.Last > e.from.AsOf) {
			paths = append(paths, one.run)
		}
	}
	return paths
}

// span is a number of slices, one behind the other.
type span struct {
	first, end int
	rows       int64
}

// missing returns the slices that are not there yet.
func (e *evaluation) missing() ([]int, error) {
	var list []int
	for i := range sliceCount {
		there, err := e.work.use(e.work.sliceFile(e.key(), i))
		if err != nil {
			return nil, err
		}
		if !there {
			list = append(list, i)
		}
	}
	return list, nil
}

// spans cuts slices into work for some workers: the most rows first, so that
// none has to wait for one long one at the end.
func (e *evaluation) spans(missing []int, workers int) []span {
	rows := make([]int64, sliceCount)
	total := int64(0)
	for _, i := range missing {
		for _, r := range e.runs {
			for part := range r.Parts {
				from, to := r.Parts[part].Rows(i*sliceShards, (i+1)*sliceShards)
				rows[i] += to - from
			}
		}
		total += rows[i]
	}
	most := total/int64(4*workers) + 1
	var list []span
	for _, i := range missing {
		last := len(list) - 1
		if last >= 0 && list[last].end == i && list[last].rows+rows[i] <= most {
			list[last].end, list[last].rows = i+1, list[last].rows+rows[i]
			continue
		}
		list = append(list, span{i, i + 1, rows[i]})
	}
	slices.SortStableFunc(list, func(a, b span) int { return cmp.Compare(b.rows, a.rows) })
	return list
}

// perform makes what is missing, by some workers at a time.
func (e *evaluation) perform(ctx context.Context, missing []int, workers int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for _, one := range e.spans(missing, workers) {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return e.make(ctx, one.first, one.end)
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("evaluating: %w", err)
	}
	return nil
}
