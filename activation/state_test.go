package activation

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// A destination that is paused and then resumed, or enabled, goes on within
// two looks, though nobody wakes the shard and however long it wanted to be
// left alone before.
func TestResumedGoesOnSoon(t *testing.T) {
	for _, state := range []State{Paused, Disabled} {
		synctest.Test(t, func(t *testing.T) {
			m := newMemory()
			sender := &counted{answer: Answer{Verdict: Delivered}}
			control := &switchboard{state: Active}
			a := New(to(sender), control, func(int) Outbox { return m }, func(int, string) Ledger { return m }, nil)
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				a.Run(ctx, 3)
			}()
			time.Sleep(time.Minute) // of the bubble's time
			control.set(state)
			time.Sleep(idleEvery + lookEvery)
			a.lines[0].breaker.fail(time.Now(), a.lines[0].breaker.allow(time.Now()), time.Hour, "")
			m.add("p", "a", true, 1)
			time.Sleep(idleEvery)
			if sender.count() != 0 {
				t.Errorf("%s is sent to", state)
			}
			time.Sleep(lookEvery / 3) // between two looks
			control.set(Active)
			time.Sleep(2 * lookEvery)
			synctest.Wait()
			if sender.count() != 1 {
				t.Errorf("%d messages are sent 2 s behind the end of %s", sender.count(), state)
			}
			stop()
			<-ended
		})
	}
}
