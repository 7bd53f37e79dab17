package history

import (
	"context"
	"fmt"
	"math"
	"time"
)

// indexShare is how long indexing takes beside replaying, where both are of all events
// and a sample does not tell, as all of it was there: 3.7 us of an event beside 1.9
// (docs/backfill.md).
const indexShare = 2

// Size returns how many tasks each stage should have, at most, for one of them to take
// about so long, by machines like this one with as many workers. It follows from a
// sample of so many objects, see Sample. The archive is listed once: Plan goes on with
// the same manifest.
func (b *Backfill) Size(ctx context.Context, each time.Duration, objects int) (tasks int, sample *Sample, err error) {
	l, listed, err := b.request.manifest(ctx, b.work, b.config.Anew)
	if err != nil {
		return 0, nil, fmt.Errorf("planning: %w", err)
	}
	b.config.Anew = false
	b.report.Archive, b.report.Listed = l, listed
	o, first, err := b.outlineOf(l)
	if err == nil {
		err = o.slices(b, l, first)
	}
	if err != nil {
		return 0, nil, err
	}
	if err := b.Sample(ctx, o, objects); err != nil {
		return 0, nil, err
	}
	of := &o.Sample.Estimate
	index := of.IndexSeconds
	if index == 0 && l.Chosen.Bytes > 0 {
		index = indexShare * of.EvaluateSeconds * Seconds(float64(o.toRead())/float64(l.Chosen.Bytes))
	}
	longest := float64(max(index, of.EvaluateSeconds))
	return int(min(MaxTasks, max(1, math.Ceil(longest/each.Seconds())))), o.Sample, nil
}
