package keeping

import (
	"context"
	"errors"
	"fmt"

	"muster/history/publication"
	"muster/history/queue"
)

// Doing runs the publication of an order.
type Doing func(context.Context, *queue.Order, *publication.Publication) (*publication.Report, error)

// Order brings what the oldest order asks for. It returns a nil report when there
// is none, and the error of one that failed, which is noted in the order and not
// tried again. One that waits for the shards to take the rules over, which is
// ErrNotYet, or whose context ends, is gone on with by the next call.
func (k *Keeper) Order(ctx context.Context, q *queue.Queue, do Doing) (*publication.Report, error) {
	return k.alone(ctx, func(ctx context.Context) (*publication.Report, error) { return k.order(ctx, q, do) })
}

func (k *Keeper) order(ctx context.Context, q *queue.Queue, do Doing) (*publication.Report, error) {
	o, err := q.NextOrder(ctx)
	if err != nil || o == nil {
		return nil, err
	}
	over, err := k.over(ctx, q, o)
	if err != nil {
		return nil, err
	}
	if over {
		return nil, q.EndOrder(ctx, o.ID, nil)
	}
	for shard := range k.Target.Count {
		if err := k.checkRules(ctx, shard); err != nil {
			return nil, err
		}
	}
	report, err := k.follow(ctx, q, o, do)
	var held *queue.HeldError
	switch {
	case errors.Is(err, queue.ErrNone): // it was withdrawn
		return nil, nil
	case err != nil && ctx.Err() != nil:
		return nil, err
	case errors.Is(err, publication.ErrRules):
		return nil, fmt.Errorf("%w: %w", ErrNotYet, err)
	case errors.As(err, &held): // another process does the same
		return nil, q.EndOrder(ctx, o.ID, nil)
	case err != nil:
		err = fmt.Errorf("following order %s: %w", o.ID, err)
	}
	return report, errors.Join(err, q.EndOrder(ctx, o.ID, err))
}

// over reports whether a process that was killed had done what an order asks for,
// or somebody else did it or cancelled it since.
func (k *Keeper) over(ctx context.Context, q *queue.Queue, o *queue.Order) (bool, error) {
	if o.Request == "" {
		return false, nil
	}
	ended, err := publication.EndedAt(&k.Source.Config, o.Request)
	if err != nil {
		return false, err
	}
	if ended.UnixMilli() >= o.Taken.UnixMilli() {
		return true, nil
	}
	list, err := q.List(ctx)
	for _, e := range list {
		if e.ID == o.Request && e.State.Phase == queue.Cancelled && !e.State.Ended.Before(o.Taken) {
			return true, err
		}
	}
	return false, err
}

// follow makes a request of an order and does it.
func (k *Keeper) follow(ctx context.Context, q *queue.Queue, o *queue.Order, do Doing) (*publication.Report, error) {
	source, config := k.Source, k.Config
	config.Again = o.Again
	var err error
	if source.Segments, err = publication.Choose(source.Rules, o.Segments); err != nil {
		return nil, err
	}
	p, err := publication.New(k.Target, source, config)
	if err != nil {
		return nil, err
	}
	if o.Request != p.ID() {
		if o.Request != "" { // the rules were edited since
			if err := publication.GiveUp(ctx, k.Target, &source.Config, o.Request); err != nil {
				return nil, err
			}
		}
		if err := q.TakeOrder(ctx, o.ID, p.ID()); err != nil {
			return nil, err
		}
	}
	report, err := do(ctx, o, p)
	if err != nil {
		return nil, err
	}
	return report, k.noteOrdered(p.ID(), report)
}

// noteOrdered notes what an order has brought, so that it is not brought once
// more for segments that are kept complete.
func (k *Keeper) noteOrdered(request string, report *publication.Report) error {
	if report.Before {
		return nil
	}
	r, err := k.record()
	if err != nil {
		return err
	}
	if r.Running != nil && r.Running.Request == request {
		r.Running = nil
	}
	if err := k.note(r, report); err != nil {
		return err
	}
	return k.write(r)
}
