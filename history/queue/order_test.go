package queue

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/history/files"
)

func ordering(t *testing.T, q *Queue, segment string) *Order {
	t.Helper()
	o, err := q.Order(t.Context(), Order{Segments: []string{segment}, Priority: 7, Who: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestOrdersWaitAndEnd: the oldest is the next, one that nobody has taken can be
// withdrawn, and what ended is known.
func TestOrdersWaitAndEnd(t *testing.T) { everywhere(t, ordersWaitAndEnd) }

func ordersWaitAndEnd(t *testing.T, q *Queue) {
	if next, err := q.NextOrder(t.Context()); next != nil || err != nil {
		t.Fatalf("at first: %+v, %v", next, err)
	}
	first, second, third := ordering(t, q, "a"), ordering(t, q, "b"), ordering(t, q, "c")
	if err := q.place.Write("orders/x.json.part", files.Replace, func(out io.Writer) error { _, err := out.Write([]byte("{")); return err }); err != nil {
		t.Fatal(err)
	}
	if next, err := q.NextOrder(t.Context()); err != nil || next.ID != first.ID || next.Who != "ann" || next.Priority != 7 {
		t.Fatalf("%+v, %v", next, err)
	}
	if err := q.TakeOrder(t.Context(), first.ID, "request"); err != nil {
		t.Fatal(err)
	}
	if withdrawn, err := q.Withdraw(t.Context(), first.ID); withdrawn || err != nil {
		t.Errorf("one that is taken is withdrawn: %v", err)
	}
	if withdrawn, err := q.Withdraw(t.Context(), second.ID); !withdrawn || err != nil {
		t.Errorf("one that waits stays: %v", err)
	}
	if err := q.TakeOrder(t.Context(), second.ID, "request"); !errors.Is(err, ErrNone) {
		t.Errorf("one that was withdrawn is taken: %v", err)
	}
	if next, err := q.NextOrder(t.Context()); err != nil || next.ID != first.ID || next.Request != "request" {
		t.Errorf("one that is taken and has not ended is not the next: %+v, %v", next, err)
	}
	if err := q.EndOrder(t.Context(), first.ID, errors.New("full disk")); err != nil {
		t.Fatal(err)
	}
	all, err := q.Orders(t.Context())
	if err != nil || len(all) != 2 || all[0].Error != "full disk" || all[1].ID != third.ID {
		t.Errorf("%+v, %v", all, err)
	}
	if next, err := q.NextOrder(t.Context()); err != nil || next.ID != third.ID {
		t.Errorf("%+v, %v", next, err)
	}
}

// TestOrdersAreBounded: those that wait, and those that are remembered.
func TestOrdersAreBounded(t *testing.T) {
	q := New(t.TempDir())
	first := ordering(t, q, "a")
	for range MaxOrders - 1 {
		ordering(t, q, "a")
	}
	if _, err := q.Order(t.Context(), Order{}); !errors.Is(err, ErrFull) {
		t.Fatalf("one too many: %v", err)
	}
	if err := q.EndOrder(t.Context(), first.ID, nil); err != nil {
		t.Fatal(err)
	}
	last := ordering(t, q, "a")
	text, err := os.ReadFile(q.locate(q.orderFile(first.ID)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxEndedOrders { // all as old as the first, and behind it by their ids
		id := fmt.Sprintf("order-z%04d", i)
		if err := os.WriteFile(q.locate(q.orderFile(id)), []byte(strings.ReplaceAll(string(text), first.ID, id)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.TakeOrder(t.Context(), last.ID, "request"); err != nil {
		t.Fatal(err)
	}
	all, err := q.Orders(t.Context())
	if err != nil || len(all) != maxEndedOrders+MaxOrders || slices.ContainsFunc(all, func(o *Order) bool { return o.ID == first.ID }) {
		t.Errorf("%d orders are kept, %v", len(all), err)
	}
}

func TestAnOrderIsToldOfAsItsRequest(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	request := func(phase Phase, beat time.Duration) *Entry {
		return &Entry{Asked: Asked{ID: "r"}, State: State{Phase: phase, Beat: now.Add(beat)}}
	}
	waiting := Order{ID: "o", At: now}
	taken := Order{ID: "o", At: now, Request: "r", Taken: now}
	failed, done := taken, taken
	failed.Ended, failed.Error, done.Ended = now, "full disk", now
	for name, test := range map[string]struct {
		order   Order
		request *Entry
		id      string
		phase   Phase
	}{
		"nobody has taken it":            {waiting, nil, "o", Ordered},
		"no attempt has begun":           {taken, nil, "o", Ordered},
		"an attempt before it is done":   {taken, request(Done, -time.Second), "o", Ordered},
		"its own attempt is done":        {taken, request(Done, time.Second), "r", Done},
		"somebody else has the request":  {taken, request(Running, -time.Second), "r", Running},
		"it failed before its attempt":   {failed, request(Done, -time.Second), "o", Failed},
		"its attempt failed":             {failed, request(Failed, time.Second), "r", Failed},
		"it found the request done":      {done, request(Done, -time.Second), "r", Done},
		"its request was removed since":  {done, nil, "o", Done},
		"it failed and has no request":   {failed, nil, "o", Failed},
		"another request is of no count": {waiting, request(Done, time.Second), "o", Ordered},
	} {
		if e := test.order.Told(test.request); e.ID != test.id || e.State.Phase != test.phase {
			t.Errorf("%s: %s is %s, want %s, %s", name, e.ID, e.State.Phase, test.id, test.phase)
		}
	}
}
