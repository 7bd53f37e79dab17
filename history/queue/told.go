package queue

import (
	"context"
	"slices"
)

// Told returns what people are told of: all requests, and the orders that are
// none, those that wait behind the requests that are active and the failed ones
// among what has ended. Aliases are the requests that orders became, by the ids
// of these.
func (q *Queue) Told(ctx context.Context) (all []*Entry, aliases map[string]*Entry, err error) {
	orders, err := q.Orders(ctx) // first, as an order becomes a request
	if err != nil {
		return nil, nil, err
	}
	list, err := q.List(ctx)
	if err != nil {
		return nil, nil, err
	}
	all, aliases = withOrders(list, orders)
	return all, aliases, nil
}

func withOrders(list []*Entry, orders []*Order) (all []*Entry, aliases map[string]*Entry) {
	requests := map[string]*Entry{}
	for _, e := range list {
		requests[e.ID] = e
	}
	aliases, all = map[string]*Entry{}, slices.Clone(list)
	for _, o := range orders {
		if e := o.Told(requests[o.Request]); e.ID == o.ID {
			all = append(all, e)
		} else {
			aliases[o.ID] = e
		}
	}
	slices.SortStableFunc(all, func(a, b *Entry) int {
		if first := rank(a) - rank(b); first != 0 || rank(a) < len(ranks) {
			return first
		}
		return b.At.Compare(a.At)
	})
	return all, aliases
}

// ranks are the phases that come before those that have ended, in their order.
var ranks = []Phase{Running, Waiting, Ordered}

func rank(e *Entry) int {
	if i := slices.Index(ranks, e.State.Phase); i >= 0 {
		return i
	}
	return len(ranks)
}
