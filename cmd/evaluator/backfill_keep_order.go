package main

import (
	"context"

	"go.uber.org/zap"

	"muster/history/keeping"
	"muster/history/publication"
	"muster/history/queue"
)

// order brings what the oldest order of the work directory asks for, nil where
// there is none.
func (k *keep) order(ctx context.Context, keeper *keeping.Keeper) (*publication.Report, error) {
	return keeper.Order(ctx, requestsOf(k.Work, k.place), func(ctx context.Context, o *queue.Order, p *publication.Publication) (*publication.Report, error) {
		k.log.Info("bringing history that was ordered", zap.String("order", o.ID), zap.String("who", o.Who), zap.String("request", p.ID()),
			zap.Int("segments", len(o.Segments)))
		own := *k.backfillKeep
		own.Priority = o.Priority
		return (&keep{&own, k.console, k.reader, k.target, k.log, k.place}).bring(ctx, p)
	})
}
