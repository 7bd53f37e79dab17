package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"muster/history/queue"
	"muster/lookup"
)

// errTaken says that an order is between being waiting and being a request.
var errTaken = errors.New("the order is being taken")

// Start implements api.Starts. It refuses what the rules in force don't have.
func (b *backfills) Start(ctx context.Context, order queue.Order) (*queue.Entry, error) {
	set := b.rules()
	for _, id := range order.Segments {
		if _, known := set.Position(id); !known {
			return nil, lookup.UnknownAmong(id, set.IDs())
		}
	}
	requests, err := b.queue(ctx)
	if err != nil {
		return nil, err
	}
	o, err := requests.Order(ctx, order)
	if err != nil {
		return nil, err
	}
	return o.Told(nil), nil
}

// withdraw cancels an order that is no request.
func (b *backfills) withdraw(ctx context.Context, e *queue.Entry) (*queue.Entry, error) {
	if e.State.Phase != queue.Ordered {
		return nil, fmt.Errorf("it is %s; %w", e.State.Phase, queue.ErrEnded)
	}
	requests, err := b.queue(ctx)
	if err != nil {
		return nil, err
	}
	withdrawn, err := requests.Withdraw(ctx, e.ID)
	if err == nil && !withdrawn {
		err = errTaken
	}
	e.State.Phase, e.State.Why, e.State.Ended = queue.Cancelled, "", time.Now().UTC()
	return e, err
}
