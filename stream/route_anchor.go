package stream

import (
	"context"
	"fmt"

	"muster/pipeline"
)

// recall asks once which log the offset is of.
func (r *route) recall(ctx context.Context) (err error) {
	if r.anchors == nil || r.anchored {
		return nil
	}
	if r.anchor, err = r.anchors.SourceAnchor(ctx, r.from.topic, r.from.partition); err != nil {
		return fmt.Errorf("asking which log offset %d is of: %w", r.next, err)
	}
	r.anchored = true
	return nil
}

// pass puts a gap on record before anything behind it is read.
func (r *route) pass(ctx context.Context, batch *pipeline.Batch) error {
	if r.anchors != nil {
		err := r.anchors.KeepSourceAnchor(ctx, r.from.topic, r.from.partition, batch.Anchor, batch.Gap)
		if err != nil {
			return fmt.Errorf("recording the gap from offset %d to %d: %w", batch.Gap.From, batch.Gap.To, err)
		}
	}
	r.anchor = batch.Anchor
	r.cluster.observer.passed(r.from, *batch.Gap)
	return nil
}

// keep keeps the anchor of what is committed. One that is older than the offset
// does no harm: its record is still before it.
func (r *route) keep(ctx context.Context) {
	if r.anchors == nil {
		return
	}
	err := r.anchors.KeepSourceAnchor(ctx, r.from.topic, r.from.partition, r.anchor, nil)
	if err != nil && ctx.Err() == nil {
		r.cluster.observer.commitError(r.cluster.cfg.routerGroup(), err)
	}
}
