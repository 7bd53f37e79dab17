package sink

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
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

func startTrips(t *testing.T) (*trips, *gatherer) {
	r := &trips{begun: make(chan []*look, 1000), end: make(chan struct{}, 1000)}
	g := newGatherer(r.carry)
	t.Cleanup(g.close)
	return r, g
}

func lookFor(profile string) *look { return &look{profile: profile, done: make(chan struct{})} }

// busy has as many round trips on their way to a node as there may be.
func (r *trips) busy(t *testing.T, g *gatherer, node string) {
	t.Helper()
	for range tripsAtOnce {
		if err := g.join(node, lookFor("first")); err != nil {
			t.Fatal(err)
		}
		if first := <-r.begun; len(first) != 1 { // nothing is gathered while a round trip is free
			t.Fatalf("%d look-ups set out", len(first))
		}
	}
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
	r, g := startTrips(t)
	r.busy(t, g, "")
	var looks []*look
	for i := range tripLooks + 44 {
		l := lookFor(fmt.Sprint(i))
		if err := g.join("", l); err != nil {
			t.Fatal(err)
		}
		looks = append(looks, l)
	}
	for _, want := range [][]*look{looks[:tripLooks], looks[tripLooks:]} {
		r.end <- struct{}{}
		if got := <-r.begun; !slices.Equal(got, want) {
			t.Fatalf("%d look-ups go together, want %d: %s first", len(got), len(want), got[0].profile)
		}
	}
	close(r.end)
	for _, l := range looks {
		<-l.done
	}
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
	defer g.close()
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

// Who leaves does so at once, on the way or before it. One that has not set out
// is not asked for.
func TestWhoLeavesIsNotWaitedFor(t *testing.T) {
	r, g := startTrips(t)
	ctx, leave := context.WithCancel(t.Context())
	var left sync.WaitGroup
	asked := 0
	for i := range tripsAtOnce + 10 {
		left.Go(func() {
			if err := g.ask(ctx, "", lookFor(fmt.Sprint("leaves ", i))); !errors.Is(err, context.Canceled) {
				t.Errorf("%d is told %v", i, err)
			}
		})
		if i < tripsAtOnce {
			asked += len(<-r.begun)
		}
	}
	await(t, g, func() bool { return g.waiting == 10 })
	stays := lookFor("stays")
	if err := g.join("", stays); err != nil {
		t.Fatal(err)
	}
	leave()
	left.Wait()
	close(r.end)
	<-stays.done
	idle(t, g)
	if asked += len(<-r.begun); asked != tripsAtOnce+1 {
		t.Errorf("%d look-ups were asked for", asked)
	}
	if len(r.begun) > 0 {
		t.Error("a round trip was for those who had left")
	}
}

// Beyond the bound one is refused, and has room again once others are gone.
func TestWaitingLookUpsAreBounded(t *testing.T) {
	r, g := startTrips(t)
	r.busy(t, g, "")
	var last *look
	for range maxWaiting {
		last = lookFor("waits")
		if err := g.join("", last); err != nil {
			t.Fatal(err)
		}
	}
	err := g.ask(t.Context(), "elsewhere", lookFor("one too many"))
	if err == nil || !temporary(err) {
		t.Fatalf("one too many: %v", err)
	}
	g.leave("", last)
	if err := g.join("elsewhere", lookFor("has room")); err != nil {
		t.Error(err)
	}
	close(r.end)
	idle(t, g)
}

// After the end nobody waits for a job any more, and ending twice is no harm. A
// look-up that comes nevertheless is told what Redis' client says.
func TestTravellersEndWithTheStore(t *testing.T) {
	r, g := startTrips(t)
	close(r.end)
	if err := g.ask(t.Context(), "", lookFor("before")); err != nil {
		t.Fatal(err)
	}
	g.close()
	g.close()
	if err := g.ask(t.Context(), "", lookFor("behind")); err != nil {
		t.Fatal(err)
	}
	idle(t, g)
	select {
	case g.jobs <- nil:
		t.Error("somebody waits for a job")
	default:
	}
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
	if count := server.CommandCount() - before; count != len(looks)+2*3 {
		t.Errorf("%d commands are sent", count)
	}
	for i, want := range []string{
		"one 100 [n1 n2 n3 n4] ", "", " 100 [n3 n4] ", "one 101 [] ", "", "two 100 [] ",
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
