package queue

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"muster/history/files"
)

// MaxOrders bounds the orders that have not ended, and maxEndedOrders those
// that have: of these the oldest are forgotten. In a bucket, where each is a call
// whenever somebody looks, a tenth of them is remembered.
const (
	MaxOrders      = 100
	maxEndedOrders = 1000
)

// ErrFull says that as many orders wait as may.
var ErrFull = fmt.Errorf("%d orders of backfills wait already", MaxOrders)

// Order asks for history of segments. Whoever keeps the deployment complete makes
// a request of it; until then nobody has it.
type Order struct {
	ID       string    `json:"id"`
	At       time.Time `json:"asked"`
	Who      string    `json:"who,omitempty"` // who has asked
	Segments []string  `json:"segments"`
	Priority int       `json:"priority"` // of the request, see Asked
	// Again asks for another run where the last one of the request has ended.
	Again bool `json:"again,omitempty"`

	// Request is what the order has become, and Taken when that was noted.
	Request string    `json:"request,omitempty"`
	Taken   time.Time `json:"taken,omitzero"`
	// Ended is when nothing was left to do, and Error why the order failed.
	Ended time.Time `json:"ended,omitzero"`
	Error string    `json:"error,omitempty"`
}

// ordersFolder is where orders are.
const ordersFolder = "orders"

func (q *Queue) orderFile(id string) string { return path.Join(ordersFolder, id+".json") }

// Order writes an order down and gives it an id and an instant. The error is
// ErrFull where too many wait.
func (q *Queue) Order(ctx context.Context, o Order) (*Order, error) {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	o.ID, o.At = "order-"+hex.EncodeToString(random[:]), time.Now().UTC()
	err := q.exclusively(ctx, func() error {
		all, err := q.orders()
		if err != nil {
			return err
		}
		if count(all, (*Order).open) >= MaxOrders {
			return ErrFull
		}
		return q.write(q.orderFile(o.ID), &o)
	})
	if err != nil {
		return nil, fmt.Errorf("ordering a backfill: %w", err)
	}
	return &o, nil
}

func (o *Order) open() bool { return o.Ended.IsZero() }

func count(all []*Order, which func(*Order) bool) (n int) {
	for _, o := range all {
		if which(o) {
			n++
		}
	}
	return n
}

// Orders returns all orders, the oldest first.
func (q *Queue) Orders(context.Context) (all []*Order, err error) {
	if all, err = q.orders(); err != nil {
		return nil, fmt.Errorf("reading orders of backfills: %w", err)
	}
	return all, nil
}

// orders reads all orders. One that is removed meanwhile is none.
func (q *Queue) orders() ([]*Order, error) {
	var names []string
	err := q.place.List(ordersFolder, func(i files.Info) error {
		if strings.HasSuffix(i.Name, ".json") { // else it is what a kill left behind
			names = append(names, i.Name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	all := make([]*Order, len(names))
	group := errgroup.Group{}
	group.SetLimit(readAtOnce)
	for i, name := range names {
		group.Go(func() error {
			o := &Order{}
			if err := q.read(name, o, mendOrder); errors.Is(err, fs.ErrNotExist) {
				return nil
			} else if err != nil {
				return err
			}
			all[i] = o
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(o *Order) bool { return o == nil })
	slices.SortFunc(all, func(a, b *Order) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	return all, nil
}

// NextOrder returns the oldest order that has not ended, nil where there is none.
func (q *Queue) NextOrder(ctx context.Context) (*Order, error) {
	all, err := q.Orders(ctx)
	if i := slices.IndexFunc(all, (*Order).open); i >= 0 {
		return all[i], err
	}
	return nil, err
}

// TakeOrder notes the request that an order becomes. The error is ErrNone where
// the order was withdrawn.
func (q *Queue) TakeOrder(ctx context.Context, id, request string) error {
	return q.changeOrder(ctx, id, func(o *Order) { o.Request, o.Taken = request, time.Now().UTC() })
}

// EndOrder notes that nothing is left to do for an order, which has failed where
// failure is not nil.
func (q *Queue) EndOrder(ctx context.Context, id string, failure error) error {
	return q.changeOrder(ctx, id, func(o *Order) {
		o.Ended = time.Now().UTC()
		if failure != nil {
			o.Error = failure.Error()
		}
	})
}

// changeOrder changes an order, and forgets the oldest that have ended.
func (q *Queue) changeOrder(ctx context.Context, id string, change func(*Order)) error {
	err := q.exclusively(ctx, func() error {
		all, err := q.orders()
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(o *Order) bool { return o.ID == id })
		if i < 0 {
			return ErrNone
		}
		change(all[i])
		if err := q.write(q.orderFile(id), all[i]); err != nil {
			return err
		}
		for surplus := len(all) - count(all, (*Order).open) - q.ended; surplus > 0; surplus-- {
			oldest := slices.IndexFunc(all, func(o *Order) bool { return !o.open() })
			if err := q.place.Remove(q.orderFile(all[oldest].ID)); err != nil {
				return err
			}
			all = slices.Delete(all, oldest, oldest+1)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("noting how far order %s is: %w", id, err)
	}
	return nil
}

// Withdraw removes an order that nobody has taken, and reports whether it did.
func (q *Queue) Withdraw(ctx context.Context, id string) (withdrawn bool, err error) {
	err = q.exclusively(ctx, func() error {
		all, err := q.orders()
		if err != nil {
			return err
		}
		for _, o := range all {
			if o.ID == id && o.open() && o.Request == "" {
				withdrawn = true
				return q.place.Remove(q.orderFile(id))
			}
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("withdrawing order %s: %w", id, err)
	}
	return withdrawn, nil
}

// Told returns what is told of an order: its request, which may be nil, once an
// attempt of that was begun for the order, and before that, or where the order
// failed without one, an Entry without a folder.
func (o *Order) Told(request *Entry) *Entry {
	if request != nil && o.Request == request.ID {
		own := !request.State.Beat.Before(o.Taken) || request.State.Phase.Active()
		if own || !o.open() && o.Error == "" {
			return request
		}
	}
	e := &Entry{Asked: Asked{ID: o.ID, At: o.At, Priority: o.Priority, Segments: o.Segments}, State: State{Phase: Ordered, Beat: o.At}}
	switch {
	case o.open():
		e.State.Why = "evaluator backfill keep takes it before its next look"
	case o.Error != "":
		e.State.Phase, e.State.Error, e.State.Ended, e.State.Beat = Failed, o.Error, o.Ended, o.Ended
	default: // its request was removed since
		e.State.Phase, e.State.Ended, e.State.Beat = Done, o.Ended, o.Ended
	}
	return e
}

// mendOrder is what to do about an order that can't be read.
const mendOrder = "remove the file and order the backfill again"
