package activation

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// A destination that is paused and then resumed, or enabled, goes on within
// two looks, though nobody wakes the shard and however long it was left alone
// before.
func TestResumedGoesOnSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		sender := &counted{answer: Answer{Verdict: Deferred, Status: 503}}
		control := &switchboard{state: Active}
		a := New(to(sender), control, func(int) Outbox { return m }, func(int, string) Ledger { return m }, nil)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			a.Run(ctx, 3)
		}()
		for i := range uint64(trips) {
			m.add(fmt.Sprint("away", i), "a", true, 1)
		}
		time.Sleep(20 * time.Minute) // of the bubble's time
		for _, state := range []State{Paused, Disabled} {
			control.set(state)
			time.Sleep(time.Minute)
			sender.set(Answer{Verdict: Delivered})
			before := sender.count()
			m.add("new "+string(state), "a", true, 1)
			time.Sleep(time.Minute)
			if sender.count() != before {
				t.Errorf("%s is sent to", state)
			}
			control.set(Active)
			time.Sleep(2*lookEvery + lookEvery/2)
			if sender.count() == before {
				t.Errorf("nothing is sent 2.5 s behind the end of %s", state)
			}
			sender.set(Answer{Verdict: Deferred, Status: 503})
			time.Sleep(20 * time.Minute)
		}
		stop()
		<-ended
	})
}
