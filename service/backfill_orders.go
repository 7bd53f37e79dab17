package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"muster/history/queue"
	"muster/lookup"
	"muster/pipeline"
)

// errTaken says that an order is between being waiting and being a request.
var errTaken = errors.New("the order is being taken")

// Start implements api.Starts. It refuses what the rules in force don't have.
func (b *backfills) Start(ctx context.Context, order queue.Order) (*queue.Entry, error) {
	set := b.rules()
	for _, id := range order.Segments {
		position, known := set.Position(id)
		if !known {
			return nil, lookup.UnknownAmong(id, set.IDs())
		}
		if err := pipeline.CheckPast(set, position); err != nil {
			return nil, lookup.Unfillable(id, err.Error())
		}
	}
	o, err := queue.New(b.work).Order(ctx, order)
	if err != nil {
		return nil, err
	}
	return o.Told(nil), nil
}

// withOrders adds the orders that are no requests to a list of requests: behind
// those that are active those that wait, and the failed ones among what has
// ended. Aliases are the requests that orders became, by the ids of these.
func withOrders(list []*queue.Entry, orders []*queue.Order) (all []*queue.Entry, aliases map[string]*queue.Entry) {
	requests := map[string]*queue.Entry{}
	for _, e := range list {
		requests[e.ID] = e
	}
	aliases, all = map[string]*queue.Entry{}, slices.Clone(list)
	for _, o := range orders {
		if e := o.Told(requests[o.Request]); e.ID == o.ID {
			all = append(all, e)
		} else {
			aliases[o.ID] = e
		}
	}
	slices.SortStableFunc(all, func(a, b *queue.Entry) int {
		if first := rank(a) - rank(b); first != 0 || rank(a) < len(ranks) {
			return first
		}
		return b.At.Compare(a.At)
	})
	return all, aliases
}

// ranks are the phases that come before those that have ended, in their order.
var ranks = []queue.Phase{queue.Running, queue.Waiting, queue.Ordered}

func rank(e *queue.Entry) int {
	if i := slices.Index(ranks, e.State.Phase); i >= 0 {
		return i
	}
	return len(ranks)
}

// withdraw cancels an order that is no request.
func (b *backfills) withdraw(ctx context.Context, e *queue.Entry) (*queue.Entry, error) {
	if e.State.Phase != queue.Ordered {
		return nil, fmt.Errorf("it is %s; %w", e.State.Phase, queue.ErrEnded)
	}
	withdrawn, err := queue.New(b.work).Withdraw(ctx, e.ID)
	if err == nil && !withdrawn {
		err = errTaken
	}
	e.State.Phase, e.State.Why, e.State.Ended = queue.Cancelled, "", time.Now().UTC()
	return e, err
}
