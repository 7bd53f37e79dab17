package activation

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// gate is a destination that knows fences.
type gate struct {
	counted
	mu     sync.Mutex
	opened []int // shards
	closed int
	held   []error // what came of asking whether the claim holds
}

func (g *gate) Of(shard int, holds func(context.Context) error) ShardSender {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.opened = append(g.opened, shard)
	return &gateOf{g, holds}
}

func (g *gate) look() (opened []int, closed int, held []error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.opened, g.closed, g.held
}

type gateOf struct {
	gate  *gate
	holds func(context.Context) error
}

func (o *gateOf) Send(ctx context.Context, m Message) Answer {
	err := o.holds(ctx)
	o.gate.mu.Lock()
	o.gate.held = append(o.gate.held, err)
	o.gate.mu.Unlock()
	if err != nil {
		return Answer{Verdict: Deferred, Reason: err.Error()}
	}
	return o.gate.Send(ctx, m)
}

func (o *gateOf) Close() {
	o.gate.mu.Lock()
	defer o.gate.mu.Unlock()
	o.gate.closed++
}

// TestAFencedDestinationIsSentToByShard has it opened for each claim of a
// shard, and closed behind it.
func TestAFencedDestinationIsSentToByShard(t *testing.T) {
	g := &gate{counted: counted{answer: Answer{Verdict: Delivered}}}
	a := run(t, &switchboard{state: Active}, g, nil)
	until(t, a, "the change to be sent", func() bool { return g.count() == 1 })
	a.Swap(nil)
	until(t, a, "the sender to be closed", func() bool {
		_, closed, _ := g.look()
		return closed == 1
	})
	opened, _, held := g.look()
	if len(opened) != 1 || opened[0] != 3 || len(held) != 1 || held[0] != nil {
		t.Errorf("opened for %v, held %v", opened, held)
	}
}

// TestHolds has a claim hold until another one is made, and stores nothing but
// what is stored.
func TestHolds(t *testing.T) {
	r := newRig(t, 1)
	r.memory.add("p", "a", true, 1)
	r.memory.add("p", "a", false, 2)
	r.settle(t, 1)
	before := r.memory.standing
	if err := r.holds(t.Context()); err != nil {
		t.Errorf("a claim that is the newest: %v", err)
	}
	if after := r.memory.standing; after.Behind != before.Behind || after.Number != before.Number || after.Until != before.Until {
		t.Errorf("standing %+v, before %+v", after, before)
	}
	r.memory.breaks = func() error { return ErrTaken }
	if err := r.holds(t.Context()); !errors.Is(err, ErrTaken) {
		t.Errorf("a claim that is not: %v", err)
	}
}

// TestSchedules has a message by HTTP come to an end, and one in Kafka never.
func TestSchedules(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	http, kafka := scheduleOf(&Destination{}), scheduleOf(&Destination{Kafka: &Kafka{}})
	for failed := 1; failed < 100; failed++ {
		pause, ok := http.wait(failed, 0, random)
		if ok != (failed < MaxAttempts) || ok && pause > waits[failed-1] {
			t.Errorf("by HTTP after %d failures: %s, %t", failed, pause, ok)
		}
		if pause, ok = kafka.wait(failed, 0, random); !ok || pause > 30*time.Second {
			t.Errorf("in Kafka after %d failures: %s, %t", failed, pause, ok)
		}
	}
	if pause, _ := kafka.wait(1, time.Hour, random); pause != time.Hour {
		t.Errorf("asked to wait for an hour it waits for %s", pause)
	}
}
