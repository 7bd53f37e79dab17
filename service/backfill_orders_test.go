package service

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/history/archive"
	"muster/history/queue"
	"muster/lookup"
	"muster/rules"
)

// ordersOf are the backfills of an empty work directory, under rules with two
// segments, vip and long.
func ordersOf(t *testing.T) *backfills {
	t.Helper()
	set, err := rules.Load(rules.Source{Data: []byte("segments:\n  - {id: vip, rule: traits.spent >= 100}\n" +
		"  - {id: long, rule: 'held(traits.spent >= 100, \"1d\")'}\n")})
	if err != nil {
		t.Fatal(err)
	}
	return &backfills{work: t.TempDir(), reach: archive.Default(), rules: func() *rules.Set { return set }}
}

func TestBackfillsAreStartedByOrders(t *testing.T) {
	all := ordersOf(t)
	start := func(segments ...string) (*queue.Entry, error) {
		return all.Start(t.Context(), queue.Order{Segments: segments, Priority: 80})
	}
	var absent *lookup.AbsentError
	if _, err := start("vip", "vpi"); !errors.As(err, &absent) || !strings.Contains(err.Error(), "vip") {
		t.Errorf("an unknown segment: %v", err)
	}
	var wrong *lookup.InputError
	one, err := start("vip", "long")
	if err != nil || one.State.Phase != queue.Ordered || one.Priority != 80 {
		t.Fatalf("%+v, %v", one, err)
	}
	if e, tasks, err := all.See(t.Context(), one.ID); err != nil || e.State.Phase != queue.Ordered || len(tasks) > 0 {
		t.Errorf("%+v, %v, %v", e, tasks, err)
	}
	if _, err := all.Outline(t.Context(), one.ID); !errors.As(err, &wrong) {
		t.Errorf("it is drawn: %v", err)
	}
	if e, err := all.Cancel(t.Context(), one.ID); err != nil || e.State.Phase != queue.Cancelled {
		t.Errorf("%+v, %v", e, err)
	}
	if _, _, err := all.See(t.Context(), one.ID); !errors.As(err, &absent) {
		t.Errorf("one that was cancelled is there: %v", err)
	}
}

// TestOrdersBecomeRequests: what is told of an order is then what is told of its
// request, and to cancel it cancels that.
func TestOrdersBecomeRequests(t *testing.T) {
	all := ordersOf(t)
	requests := queue.New(all.work)
	var ids []string
	for range 3 {
		e, err := all.Start(t.Context(), queue.Order{Segments: []string{"vip"}})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, e.ID)
	}
	if err := errors.Join(requests.TakeOrder(t.Context(), ids[0], "abcd"), requests.EndOrder(t.Context(), ids[1], errors.New("full disk"))); err != nil {
		t.Fatal(err)
	}
	if e, err := all.Cancel(t.Context(), ids[0]); !errors.Is(err, errTaken) {
		t.Errorf("one that is being taken: %+v, %v", e, err)
	}
	hold, err := requests.Take(t.Context(), queue.Asked{ID: "abcd", At: time.Now(), Segments: []string{"vip"}})
	if err != nil {
		t.Fatal(err)
	}
	list, err := all.List(t.Context())
	var told []string
	for _, e := range list {
		told = append(told, fmt.Sprint(e.ID, " ", e.State.Phase))
	}
	if want := []string{"abcd waiting", ids[2] + " asked", ids[1] + " failed"}; err != nil || !slices.Equal(told, want) {
		t.Errorf("%v, %v, want %v", told, err, want)
	}
	if e, _, err := all.See(t.Context(), ids[0]); err != nil || e.ID != "abcd" || e.State.Phase != queue.Waiting {
		t.Errorf("%+v, %v", e, err)
	}
	if e, err := all.Cancel(t.Context(), ids[0]); err != nil || e.ID != "abcd" {
		t.Errorf("%+v, %v", e, err)
	}
	if _, err := hold.Await(t.Context(), 0, func(string) {}); !errors.Is(err, queue.ErrCancelled) {
		t.Errorf("its request goes on: %v", err)
	}
	if _, err := all.Cancel(t.Context(), ids[1]); !errors.Is(err, queue.ErrEnded) {
		t.Errorf("one that failed: %v", err)
	}
}
