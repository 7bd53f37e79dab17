package history

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"muster/history/sorted"
)

// evaluation makes slices of sorted runs: the second stage.
type evaluation struct {
	slices   string // key of what it makes
	width    width
	from     *start // what it goes on from, nil for the beginning
	request  *Request
	work     work
	progress *progress
	eager    bool // whether every event is evaluated, as live
	runs     []*sorted.Run
}

// span is a number of slices, one behind the other.
type span struct {
	first, end int
	rows       int64
}

// missing returns the slices of a key and a span that are not there yet.
func (w work) missing(key string, width width, of Span) ([]int, error) {
	return w.unused(of.First, of.End, func(i int) string { return width.sliceFile(key, i) })
}

// spans cuts slices into work for some workers: the most rows first, so that
// none has to wait for one long one at the end.
func (e *evaluation) spans(missing []int, workers int) []span {
	rows := make([]int64, e.width.count())
	total := int64(0)
	for _, i := range missing {
		rows[i] = e.rows(i, i+1)
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

// rows counts the rows of slices, from first on and before end.
func (e *evaluation) rows(first, end int) int64 {
	n := int64(0)
	for _, r := range e.runs {
		for part := range r.Parts {
			from, to := r.Parts[part].Rows(e.width.first(first), e.width.first(end))
			n += to - from
		}
	}
	return n
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
