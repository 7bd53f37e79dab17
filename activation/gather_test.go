package activation

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// sentBy notes the bodies that a rig's receiver is sent.
func sentBy(r *rig) *[]string {
	var sent []string
	r.receiver.answer = func(m Message) (bool, Answer) {
		sent = append(sent, strings.ReplaceAll(strings.TrimSpace(string(m.Body)), " \n", "; "))
		return true, Answer{Verdict: Delivered}
	}
	return &sent
}

// addTo adds entries of so many new profiles to a segment.
func addTo(r *rig, segment string, profiles int) {
	for range profiles {
		r.memory.add(fmt.Sprint("p", len(r.memory.changes)+1), segment, true, 1)
	}
}

// A batch that is not full waits for batchAge, from when its first change was
// seen, and is sent at once when it gets full; what is left over waits anew.
func TestABatchWaitsForMore(t *testing.T) {
	r := newRig(t, 3)
	r.age = 10 * time.Second
	r.start(3)
	sent := sentBy(r)
	if err := r.claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, step := range []struct {
		segment string
		add     int
		pass    int // seconds
		want    int // messages so far
		ripens  time.Duration
	}{
		{"other", 4, 0, 0, time.Hour},       // not wanted, so passed
		{"a", 1, 0, 0, 10 * time.Second},    // waits
		{"a", 1, 9, 0, time.Second},         // waits on
		{"a", 0, 1, 1, time.Hour},           // old enough
		{"a", 2, 0, 1, 10 * time.Second},    // waits
		{"other", 2, 3, 1, 7 * time.Second}, // counts for nothing
		{"a", 2, 3, 2, 10 * time.Second},    // full, and one left over
		{"a", 7, 8, 4, 10 * time.Second},    // full twice, and two left over
		{"a", 0, 9, 4, time.Second},         // which wait
		{"a", 0, 1, 5, time.Hour},           // and are sent
	} {
		r.clock = r.clock.Add(time.Duration(step.pass) * time.Second)
		addTo(r, step.segment, step.add)
		if more, err := r.round(t.Context()); err != nil || more {
			t.Fatalf("step %d: %t, %v", i, more, err)
		}
		if len(*sent) != step.want || r.ripens(time.Hour) != step.ripens {
			t.Fatalf("step %d: sent %q, the rest ripens in %s; want %d and %s", i, *sent, r.ripens(time.Hour), step.want, step.ripens)
		}
	}
	if r.memory.read != len(r.memory.changes) || r.standing.Number != int64(len(r.memory.changes)) {
		t.Errorf("%d changes were read and %d passed, of %d", r.memory.read, r.standing.Number, len(r.memory.changes))
	}
	if first := (*sent)[0]; first != "p5 a 1 true; p6 a 1 true" {
		t.Errorf("the first message is %s", first)
	}
}

// What was being sent when a process ended does not wait, and what came since
// does not change its messages.
func TestAnUnfinishedRoundDoesNotWait(t *testing.T) {
	r := newRig(t, 3)
	r.age = 10 * time.Second
	r.start(3)
	sent := sentBy(r)
	if err := r.claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	addTo(r, "a", 2)
	if _, err := r.round(t.Context()); err != nil || len(*sent) != 0 {
		t.Fatalf("sent %q, %v", *sent, err)
	}
	r.clock = r.clock.Add(r.age)
	saves := 0
	r.memory.breaks = func() error {
		if saves++; saves == 2 { // the end of the round
			return errBreak
		}
		return nil
	}
	if _, err := r.round(t.Context()); err == nil {
		t.Fatal("the store did not break")
	}
	addTo(r, "a", 2)
	r.start(3)
	if err := r.claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := r.round(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(*sent) != 2 || (*sent)[0] != (*sent)[1] {
		t.Errorf("sent %q", *sent)
	}
}

// A round that is as large as it gets does not wait, though few changes of it
// are wanted.
func TestAFullRoundDoesNotWait(t *testing.T) {
	r := newRig(t, 3)
	r.age = 10 * time.Second
	r.start(3)
	sent := sentBy(r)
	if err := r.claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	addTo(r, "a", 1)
	addTo(r, "other", roundSize)
	if more, err := r.round(t.Context()); err != nil || !more || len(*sent) != 1 {
		t.Errorf("sent %q, more %t, %v", *sent, more, err)
	}
}

// A destination that waits for more is sent what it waits with in time, though
// nobody wakes it, and delays no other one.
func TestWaitingDelaysNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox := newMemory()
		ledgers := map[string]*memory{"crm": newMemory(), "slow": newMemory()}
		quick, slow := &counted{answer: Answer{Verdict: Delivered}}, &counted{answer: Answer{Verdict: Delivered}}
		lines := append(to(quick), to(slow)...)
		lines[1].Destination.Name, lines[1].Destination.Batch, lines[1].Destination.BatchAge = "slow", 100, 3*time.Second
		a := New(lines, &switchboard{state: Active}, func(int) Outbox { return outbox }, func(_ int, name string) Ledger { return ledgers[name] }, nil)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			a.Run(ctx, 3)
		}()
		synctest.Wait()
		outbox.add("p", "a", true, 1)
		a.Wake(3)
		synctest.Wait()
		if quick.count() != 1 || slow.count() != 0 {
			t.Errorf("at once %d and %d messages are sent", quick.count(), slow.count())
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if slow.count() != 1 {
			t.Errorf("%d messages are sent to the one that waits for more", slow.count())
		}
		stop()
		<-ended
	})
}
