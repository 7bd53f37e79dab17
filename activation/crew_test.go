package activation

import (
	"context"
	"strconv"
	"sync"
	"testing"
)

// hanging is a Sender that answers nothing until it is released, and tells
// when it was asked.
type hanging struct {
	asked   chan struct{}
	release chan struct{}
}

func newHanging() *hanging {
	return &hanging{asked: make(chan struct{}, 100), release: make(chan struct{})}
}

func (h *hanging) Send(context.Context, Message) Answer {
	h.asked <- struct{}{}
	<-h.release
	return Answer{Verdict: Delivered}
}

// named returns a line of a name.
func lineTo(name string, sender Sender) Line {
	l := to(sender)[0]
	l.Destination.Name = name
	return l
}

// ledgers has one for each shard and destination.
type ledgers struct {
	mu  sync.Mutex
	all map[string]*memory
}

func (l *ledgers) of(outbox *memory, shard int, destination string) Ledger {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := destination + strconv.Itoa(shard)
	if l.all[key] == nil {
		l.all[key] = newMemory()
		outbox.mu.Lock()
		l.all[key].changes = outbox.changes
		outbox.mu.Unlock()
	}
	return l.all[key]
}

// A destination that hangs delays no other one: not while changes come, and
// not when destinations are edited, added and taken away meanwhile. Who takes
// its place waits for it, so that nothing is sent twice at once.
func TestADestinationThatHangsDelaysNobody(t *testing.T) {
	outboxes := map[int]*memory{3: newMemory(), 4: newMemory()}
	own := &ledgers{all: map[string]*memory{}}
	for _, o := range outboxes {
		o.add("p", "a", true, 1)
	}
	stuck, quick, third, instead := newHanging(), &counted{answer: Answer{Verdict: Delivered}}, &counted{answer: Answer{Verdict: Delivered}}, &counted{answer: Answer{Verdict: Delivered}}
	a := New([]Line{lineTo("stuck", stuck), lineTo("quick", quick)}, &switchboard{state: Active},
		func(shard int) Outbox { return outboxes[shard] },
		func(shard int, name string) Ledger { return own.of(outboxes[shard], shard, name) }, nil)
	ctx, stop := context.WithCancel(t.Context())
	var working sync.WaitGroup
	for shard := range outboxes {
		working.Go(func() { a.Run(ctx, shard) })
	}
	wake := func(what string, done func() bool) {
		t.Helper()
		until(t, a, what, func() bool {
			a.Wake(4)
			return done()
		})
	}
	<-stuck.asked
	<-stuck.asked // both shards wait for its answer
	wake("the changes of both shards", func() bool { return quick.count() == 2 })

	edited := lineTo("stuck", instead)
	edited.Destination.Batch = 7
	a.Swap([]Line{edited, lineTo("quick", quick), lineTo("third", third)})
	wake("the destination that was added", func() bool { return third.count() == 2 })
	outboxes[3].add("q", "a", true, 1)
	outboxes[4].add("q", "a", true, 1)
	wake("changes behind an edit", func() bool { return quick.count() == 4 && third.count() == 4 })
	a.Swap([]Line{edited, lineTo("third", third)})
	outboxes[3].add("r", "a", true, 1)
	wake("changes when one was taken away", func() bool { return third.count() == 5 })
	if n := instead.count(); n > 0 {
		t.Errorf("%d messages are sent beside the one that hangs", n)
	}
	close(stuck.release)
	wake("what was behind the one that hung", func() bool { return instead.count() == 2 }) // q of both, and r, by batch
	stop()
	working.Wait()
	if n := quick.count(); n != 4 {
		t.Errorf("who was taken away is sent %d messages, want the 4 from before", n)
	}
}

// The breaker of one destination says nothing about another, and an edit closes
// it: who mends an address does not wait for the rest of the old one.
func TestABreakerIsOfOneDestination(t *testing.T) {
	down, up := &counted{answer: Answer{Verdict: Deferred, Reason: "503"}}, &counted{answer: Answer{Verdict: Delivered}}
	outbox, own := newMemory(), &ledgers{all: map[string]*memory{}}
	for v := range 2 * trips {
		outbox.add(strconv.Itoa(v), "a", true, 1)
	}
	a := New([]Line{lineTo("down", down), lineTo("up", up)}, &switchboard{state: Active},
		func(int) Outbox { return outbox }, func(shard int, name string) Ledger { return own.of(outbox, shard, name) }, nil)
	ctx, stop := context.WithCancel(t.Context())
	var working sync.WaitGroup
	working.Go(func() { a.Run(ctx, 3) })
	until(t, a, "what goes to the other one", func() bool { return up.count() == 2*trips })
	until(t, a, "the breaker to open", func() bool { return down.count() >= trips })
	mended := &counted{answer: Answer{Verdict: Delivered}}
	line := lineTo("down", mended)
	line.Destination.Webhook.URL = "https://example.com/mended"
	a.Swap([]Line{line, lineTo("up", up)})
	until(t, a, "what the breaker kept back", func() bool { return mended.count() >= trips })
	stop()
	working.Wait()
}
