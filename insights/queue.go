package insights

import (
	"context"
	"sync/atomic"

	"muster/snapshot"
)

// queue has one question answered at a time, and so many wait. It is safe for
// concurrent use.
type queue struct {
	first   chan struct{} // has room for the one that is answered
	most    int64
	waiting atomic.Int64
}

func newQueue(most int) *queue { return &queue{first: make(chan struct{}, 1), most: int64(most)} }

// wait returns once those before it are answered, and the caller leaves then. It
// returns a *snapshot.FullError at once where too many wait, and the error of ctx
// where that ends first.
func (q *queue) wait(ctx context.Context) (leave func(), err error) {
	leave = func() { <-q.first }
	select {
	case q.first <- struct{}{}:
		return leave, nil
	default:
	}
	defer q.waiting.Add(-1)
	if n := q.waiting.Add(1); n > q.most {
		return nil, &snapshot.FullError{Waiting: int(q.most), Askers: int(q.most)}
	}
	select {
	case q.first <- struct{}{}:
		return leave, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
