package activation

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

// switchboard is the states of destinations in memory.
type switchboard struct {
	mu     sync.Mutex
	state  State
	reason string
	run    string
	replay string
	asked  int
}

func (s *switchboard) Request(_ context.Context, _, run, instead string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.run == "" || s.run == instead {
		s.run = run
	}
	return nil
}

func (s *switchboard) Orders(context.Context, string) (Orders, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	return Orders{State: s.state, Run: s.run, Replay: s.replay}, nil
}

func (s *switchboard) Disable(_ context.Context, _, reason string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state, s.reason = Disabled, reason
	return nil
}

// order tells of a replay.
func (s *switchboard) order(replay string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replay = replay
}

func (s *switchboard) set(state State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = state
}

func (s *switchboard) look() (state State, reason string, asked int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state, s.reason, s.asked
}

// counted is a Sender that counts and answers.
type counted struct {
	mu     sync.Mutex
	sent   int
	answer Answer
}

func (c *counted) Send(context.Context, Message) Answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent++
	return c.answer
}

func (c *counted) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent
}

// to is a destination that wants everything.
func to(sender Sender) []Line {
	return []Line{{
		Destination: Destination{Name: "crm", Batch: 1, Concurrency: 1}, Wants: func(string) bool { return true }, Encode: encode, Sender: sender,
	}}
}

// run delivers the changes of one shard with one change in it, until the test
// ends.
func run(t *testing.T, control *switchboard, sender Sender, observer *Observer) *Activator {
	t.Helper()
	m := newMemory()
	m.add("p", "a", true, 1)
	a := New(to(sender), control, func(int) Outbox { return m }, func(int, string) Ledger { return m }, observer)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.Run(ctx, 3)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	return a
}

// until wakes the shard until something holds.
func until(t *testing.T, a *Activator, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		a.Wake(3)
	}
}

// A destination that is paused is sent nothing, and what came meanwhile when
// it is resumed.
func TestPausedIsSentNothing(t *testing.T) {
	control, sender := &switchboard{state: Paused}, &counted{answer: Answer{Verdict: Delivered}}
	a := run(t, control, sender, nil)
	until(t, a, "the state to be looked at twice", func() bool {
		_, _, asked := control.look()
		return asked >= 2
	})
	if n := sender.count(); n > 0 {
		t.Fatalf("%d messages were sent", n)
	}
	control.set(Active)
	until(t, a, "the message", func() bool { return sender.count() == 1 })
}

// A destination that answers that it is gone is disabled with its answer.
func TestGoneIsDisabled(t *testing.T) {
	control, sender := &switchboard{state: Active}, &counted{answer: Answer{Verdict: Gone, Reason: "410 Gone"}}
	told := make(chan string, 1)
	a := run(t, control, sender, &Observer{Disabled: func(_, reason string) { told <- reason }})
	until(t, a, "the destination to be disabled", func() bool {
		state, _, _ := control.look()
		return state == Disabled
	})
	if _, reason, _ := control.look(); reason != "410 Gone" || <-told != reason {
		t.Errorf("the reason is %q", reason)
	}
	if n := sender.count(); n != 1 {
		t.Errorf("%d messages were sent", n)
	}
}

// A destination that takes another's place goes on where that was, at its own
// address; one that is taken away is sent nothing more.
func TestSwappedDestinationsGoOn(t *testing.T) {
	before, after := &counted{answer: Answer{Verdict: Delivered}}, &counted{answer: Answer{Verdict: Delivered}}
	m := newMemory()
	m.add("p", "a", true, 1)
	a := New(nil, &switchboard{state: Active}, func(int) Outbox { return m }, func(int, string) Ledger { return m }, nil)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.Run(ctx, 3)
	}()
	a.Swap(to(before))
	until(t, a, "the first message", func() bool { return before.count() == 1 })
	a.Swap(nil)
	a.Swap(to(after))
	m.add("p", "a", false, 2)
	until(t, a, "the second message", func() bool { return after.count() == 1 })
	stop()
	<-ended
	if before.count() != 1 {
		t.Errorf("the address before was sent %d messages", before.count())
	}
}

// brokenLedger can't be claimed at first.
type brokenLedger struct {
	*memory
	failures int
	claims   int
}

func (b *brokenLedger) Claim(ctx context.Context) (Standing, error) {
	b.claims++
	if b.failures > 0 {
		b.failures--
		return Standing{}, errors.New("redis is away")
	}
	return b.memory.Claim(ctx)
}

// Begin claims the ledger of every destination, and does not insist.
func TestBeginClaims(t *testing.T) {
	ledgers := map[string]*brokenLedger{"crm": {memory: newMemory()}, "mail": {memory: newMemory(), failures: 1}}
	var told []string
	lines := append(to(&counted{}), to(&counted{})...)
	lines[1].Destination.Name = "mail"
	a := New(lines, &switchboard{state: Active}, func(int) Outbox { return newMemory() }, func(_ int, name string) Ledger { return ledgers[name] },
		&Observer{Failed: func(name string, _ int, err error) { told = append(told, name+": "+err.Error()) }})
	a.Begin(t.Context(), 3)
	if ledgers["crm"].claims != 1 || ledgers["mail"].claims != 1 || len(told) != 1 || told[0] != "mail: redis is away" {
		t.Errorf("claimed %d and %d times, told %q", ledgers["crm"].claims, ledgers["mail"].claims, told)
	}
}

// What fails is told and tried again.
func TestAFailureIsTriedAgain(t *testing.T) {
	m := newMemory()
	m.add("p", "a", true, 1)
	sender := &counted{answer: Answer{Verdict: Delivered}}
	told := make(chan error, 1)
	broken := &brokenLedger{memory: m, failures: 1}
	a := New(to(sender), &switchboard{state: Active}, func(int) Outbox { return m }, func(int, string) Ledger { return broken },
		&Observer{Failed: func(_ string, _ int, err error) { told <- err }})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.Run(ctx, 3)
	}()
	if err := <-told; err == nil || err.Error() != "redis is away" {
		t.Errorf("told of %v", err)
	}
	until(t, a, "the message", func() bool { return sender.count() == 1 })
	stop()
	<-ended
}

// Who has nothing to save learns of a replay all the same, and goes on where the
// ledger is by then.
func TestAReplayIsSeenByWhoHasNothingToDo(t *testing.T) {
	control, sender := &switchboard{state: Active}, &counted{answer: Answer{Verdict: Delivered}}
	m := newMemory()
	m.add("p", "a", true, 1)
	a := New(to(sender), control, func(int) Outbox { return m }, func(int, string) Ledger { return m }, nil)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.Run(ctx, 3)
	}()
	defer func() {
		stop()
		<-ended
	}()
	until(t, a, "the message", func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		return sender.count() == 1 && m.standing.Number == 1
	})
	m.mu.Lock()
	m.standing = Standing{}
	m.mu.Unlock()
	control.order("again")
	until(t, a, "the message again", func() bool { return sender.count() == 2 })
}

// A destination with initial begins with a run, and once only.
func TestInitialIsDoneOnce(t *testing.T) {
	control, sender := &switchboard{state: Active}, &counted{answer: Answer{Verdict: Delivered}}
	m := newMemory()
	m.add("p", "a", true, 1)
	m.standing = Standing{Behind: "1", Number: 1, Until: 1}
	lines := to(sender)
	lines[0].Destination.Initial = true
	runs := make(chan Ended, 10)
	a := New(lines, control, func(int) Outbox { return m }, func(int, string) Ledger { return m }, &Observer{
		Ended: func(_ string, e Ended) { runs <- e },
	})
	a.Shards, a.Members = 5, func(int) Members { return &roster{memory: m} }
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.Run(ctx, 3)
	}()
	defer func() {
		stop()
		<-ended
	}()
	until(t, a, "the run", func() bool { return len(runs) > 0 })
	if e := <-runs; e != (Ended{Run: InitialRun, Shard: 3, Named: 1}) || sender.count() != 1 {
		t.Errorf("%+v, %d messages", e, sender.count())
	}
	m.add("p", "a", false, 2)
	until(t, a, "the change", func() bool { return sender.count() == 2 })
	if len(runs) > 0 {
		t.Errorf("there is another run: %+v", <-runs)
	}
}
