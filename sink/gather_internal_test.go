package sink

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// trips is a Redis that answers each round trip when the test says so.
type trips struct {
	begun chan []*look
	end   chan struct{} // one for each round trip that may end
}

func (r *trips) carry(looks []*look) {
	r.begun <- looks
	<-r.end
}

func startTrips() (*trips, *gatherer) {
	r := &trips{begun: make(chan []*look, 1000), end: make(chan struct{}, 1000)}
	return r, newGatherer(r.carry)
}

// asking are those who ask in the background.
type asking struct {
	sync.WaitGroup
	t *testing.T
	g *gatherer
}

// ask has somebody ask, who must be answered.
func (a *asking) ask(node string, l *look) {
	a.Go(func() {
		if err := a.g.ask(a.t.Context(), node, l); err != nil {
			a.t.Errorf("%s: %v", l.profile, err)
		}
	})
}

// line has somebody ask who is to wait, behind those who wait already.
func (a *asking) line(node string, l *look) {
	a.t.Helper()
	a.g.mu.Lock()
	before := a.g.waiting
	a.g.mu.Unlock()
	a.ask(node, l)
	await(a.t, a.g, func() bool { return a.g.waiting == before+1 })
}

func lookFor(profile string) *look { return &look{profile: profile, done: make(chan struct{})} }

// busy has as many round trips on their way to a node as there may be.
func (r *trips) busy(t *testing.T, g *gatherer, node string) *asking {
	t.Helper()
	a := &asking{t: t, g: g}
	for range tripsAtOnce {
		a.ask(node, lookFor("first"))
		if first := <-r.begun; len(first) != 1 { // nothing is gathered while a round trip is free
			t.Fatalf("%d look-ups set out", len(first))
		}
	}
	return a
}

// await waits until g is as a condition demands.
func await(t *testing.T, g *gatherer, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		g.mu.Lock()
		is := condition()
		g.mu.Unlock()
		if is {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("it never came to it")
		}
	}
}

// idle waits until nothing is kept of any node.
func idle(t *testing.T, g *gatherer) {
	t.Helper()
	await(t, g, func() bool { return len(g.queues) == 0 && g.waiting == 0 })
}

// What comes while the round trips are on their way goes together with the
// next, in the order in which it came.
func TestLookUpsThatComeTogetherShareTrips(t *testing.T) {
	r, g := startTrips()
	a := r.busy(t, g, "")
	var looks []*look
	for i := range tripLooks + 44 {
		l := lookFor(fmt.Sprint(i))
		a.line("", l)
		looks = append(looks, l)
	}
	for _, want := range [][]*look{looks[:tripLooks], looks[tripLooks:]} {
		r.end <- struct{}{}
		if got := <-r.begun; !slices.Equal(got, want) {
			t.Fatalf("%d look-ups go together, want %d: %s first", len(got), len(want), got[0].profile)
		}
	}
	close(r.end)
	a.Wait()
	idle(t, g)
	if len(r.begun) > 0 {
		t.Error("a round trip was for nothing")
	}
}

// A round trip that hangs holds those that are on it, and nobody else: not those
// of its node, and not those of another.
func TestATripThatHangsHoldsNobodyElse(t *testing.T) {
	release := make(chan struct{})
	hanging := make(chan struct{}, tripsAtOnce+1)
	g := newGatherer(func(looks []*look) {
		if looks[0].profile == "slow" {
			hanging <- struct{}{}
			<-release
		}
	})
	var slow sync.WaitGroup
	ask := func(node string) {
		slow.Go(func() {
			if err := g.ask(t.Context(), node, lookFor("slow")); err != nil {
				t.Error(err)
			}
		})
		<-hanging
	}
	ask("a")
	for i := range 100 {
		if err := g.ask(t.Context(), "a", lookFor(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	ask("a") // now none is free
	if err := g.ask(t.Context(), "b", lookFor("other")); err != nil {
		t.Fatal(err)
	}
	close(release)
	slow.Wait()
	idle(t, g)
}

// Who waits leaves at once, and is not asked for. Who makes a round trip stays
// until it has ended, and so does who was given one as it wanted to leave.
func TestWhoLeavesIsNotWaitedFor(t *testing.T) {
	r, g := startTrips()
	a := r.busy(t, g, "")
	ctx, leave := context.WithCancel(t.Context())
	var left sync.WaitGroup
	for i := range 10 {
		left.Go(func() {
			if err := g.ask(ctx, "", lookFor(fmt.Sprint("leaves ", i))); !errors.Is(err, context.Canceled) {
				t.Errorf("%d is told %v", i, err)
			}
		})
	}
	await(t, g, func() bool { return g.waiting == 10 })
	stays := lookFor("stays")
	a.line("", stays)
	leave()
	left.Wait()
	close(r.end)
	if got := <-r.begun; !slices.Equal(got, []*look{stays}) {
		t.Errorf("%d look-ups go, %s first", len(got), got[0].profile)
	}
	a.Wait()
	idle(t, g)
	if len(r.begun) > 0 {
		t.Error("a round trip was for those who had left")
	}
}

// Who was given a round trip for others makes it, whatever becomes of its own
// context.
func TestWhoCarriesOthersStays(t *testing.T) {
	r, g := startTrips()
	a := r.busy(t, g, "")
	q, carrier, other := g.queues[""], lookFor("carrier"), lookFor("other")
	if _, free, err := g.join("", carrier); free || err != nil {
		t.Fatalf("free %v, %v", free, err)
	}
	a.line("", other)
	r.end <- struct{}{} // one of the trips goes to carrier, which has not looked yet
	<-carrier.done
	if !g.leave(q, carrier) || !slices.Equal(carrier.carry, []*look{carrier, other}) {
		t.Fatalf("it carries %d", len(carrier.carry))
	}
	close(r.end)
	g.travel(q, carrier.carry)
	a.Wait()
	idle(t, g)
}

// A round trip that panics is given back, and those that were on it are told.
func TestATripThatPanicsHoldsNobody(t *testing.T) {
	hold := make(chan struct{})
	g := newGatherer(func(looks []*look) {
		if len(looks) > 1 {
			panic("planned")
		}
		<-hold
	})
	var asked sync.WaitGroup
	var told atomic.Int64
	for i := range tripsAtOnce + 2 {
		asked.Go(func() {
			defer func() {
				if recover() != nil {
					told.Add(1)
				}
			}()
			if errors.Is(g.ask(t.Context(), "", lookFor(fmt.Sprint(i))), errUnanswered) {
				told.Add(1)
			}
		})
	}
	await(t, g, func() bool { return g.waiting == 2 })
	close(hold)
	asked.Wait()
	idle(t, g)
	if told.Load() != 2 {
		t.Errorf("%d are told", told.Load())
	}
}

// Beyond the bound one is refused, and has room again once others are gone.
func TestWaitingLookUpsAreBounded(t *testing.T) {
	r, g := startTrips()
	a := r.busy(t, g, "")
	for range maxWaiting - 1 {
		a.ask("", lookFor("waits"))
	}
	await(t, g, func() bool { return g.waiting == maxWaiting-1 })
	ctx, leave := context.WithCancel(t.Context())
	var last sync.WaitGroup
	last.Go(func() { _ = g.ask(ctx, "", lookFor("last")) })
	await(t, g, func() bool { return g.waiting == maxWaiting })
	err := g.ask(t.Context(), "elsewhere", lookFor("one too many"))
	if err == nil || !temporary(err) {
		t.Fatalf("one too many: %v", err)
	}
	leave()
	last.Wait()
	close(r.end)
	if err := g.ask(t.Context(), "elsewhere", lookFor("has room")); err != nil {
		t.Error(err)
	}
	a.Wait()
	idle(t, g)
}

// One round trip reads what it needs of each shard once, and what is wrong with
// one key is told to those who asked for it.
func TestATripTellsEachItsOwn(t *testing.T) {
	server := miniredis.RunT(t)
	cfg := Default()
	cfg.Addresses, cfg.Buckets = []string{server.Addr()}, 64
	s, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	looks := []*look{
		{shard: 0, profile: "p1", known: 1}, {shard: 0, profile: "wrong", known: 1}, {shard: 0, profile: "nobody", known: 3},
		{shard: 1, profile: "p1"}, {shard: 2, profile: "p1"}, {shard: 0, profile: "p2", known: 7},
		{shard: 0, profile: "p2", known: NoNames}, {shard: 3, profile: "p1", known: NoNames},
	}
	for _, l := range looks {
		server.HSet(s.keys.profiles(l.shard, l.profile), "p1", "one", "p2", "two")
		server.HSet(s.keys.meta(l.shard), "clock", fmt.Sprint(100+l.shard), "generation", "4", "swept", "3", "sweep", "4")
	}
	for i := range 5 {
		_, _ = server.Push(s.keys.names(0), fmt.Sprint("n", i))
	}
	server.Del(s.keys.profiles(0, "wrong"))
	_ = server.Set(s.keys.profiles(0, "wrong"), "no hash")
	server.HSet(s.keys.meta(2), "clock", "noon")
	before := server.CommandCount()
	s.carry(looks)
	if count := server.CommandCount() - before; count != 2*len(looks)+2*3+1 { // nobody wants names of the last shard
		t.Errorf("%d commands are sent", count)
	}
	for i, want := range []string{
		"one 100 [n1 n2 n3 n4] ", "", " 100 [n3 n4] ", "one 101 [] ", "", "two 100 [] ", "two 100 [] ", "one 103 [] ",
	} {
		l := looks[i]
		if want == "" {
			if l.err == nil || IsFinal(l.err) != (l.shard == 2) {
				t.Errorf("%d: %v", i, l.err)
			}
			continue
		}
		if got := fmt.Sprintf("%s %d %v ", l.looked.Blob, l.looked.Clock, l.looked.Names); got != want || l.err != nil || l.looked.Swept != 3 || l.looked.Next != -1 {
			t.Errorf("%d: %q %+v, %v", i, got, l.looked, l.err)
		}
	}
	server.Close()
	s.carry(looks)
	for i, l := range looks {
		if l.err == nil || !temporary(l.err) {
			t.Errorf("%d without a server: %v", i, l.err)
		}
	}
}
