package e2e

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/directive"
	"muster/event"
	"muster/pipeline"
	"muster/profile"
	"muster/rules"
	"muster/test/e2e/stack"
	"muster/test/kit/generate"
	"muster/test/kit/oracle"
)

// bought are the rules of the test: of all time, of a window, of an order.
var bought = map[string]string{
	"many":  `count(events("Bought")) >= 8`,
	"spent": `sum(events("Bought", "60d"), .price) > 60`,
	"order": `sequence("3d", events("Seen"), events("Bought"))`,
	"early": `first(events("Bought")).event_time < ago("80d")`,
}

const day = 24 * time.Hour

// buyers are what some profiles did over some time, in order of arrival.
func buyers(r *rand.Rand, n int, until time.Time, over time.Duration) []event.Event {
	log := make([]event.Event, n)
	for i := range log {
		at := until.Add(-over / time.Duration(n) * time.Duration(n-1-i)).UnixMilli()
		log[i] = event.Event{
			Type: event.Track, Profile: fmt.Sprint("user ", r.IntN(60)), Name: []string{"Seen", "Bought"}[r.IntN(2)],
			MessageID: fmt.Sprint("m", i), Arrival: at, Time: at - r.Int64N(1+day.Milliseconds()*int64(r.IntN(2))),
			Body: event.ObjectOf([]event.Value{event.StringOf("price"), event.NumberOf(float64(r.IntN(20)))}),
		}
	}
	return log
}

// produce puts events on the source topic.
func produce(s *stack.System, r *rand.Rand, events []event.Event) {
	var records []*kgo.Record
	for i := range events {
		records = append(records, &kgo.Record{Topic: s.Source, Partition: r.Int32N(sources), Value: generate.Record(&events[i], nil)})
	}
	s.Produce(records...)
}

// A service has seen a part of what happened. History brings all of it, while
// events keep coming: late ones that history has, and repeats of what only
// history has. The evaluator is killed in between, and all patches come again.
// In the end the members are those of everything.
func TestBackfillEntersARunningService(t *testing.T) {
	stack.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		r := rand.New(rand.NewPCG(16, 5))
		text, segments := "segments:\n", []rules.Segment{}
		for id, rule := range bought {
			text += fmt.Sprintf("  - id: %s\n    rule: %s\n", id, rule)
			segments = append(segments, rules.NewSegment(id, rule))
		}
		set, err := rules.Compile(segments)
		if err != nil {
			t.Fatal(err)
		}
		s := stack.Start(t, stack.Options{Shards: shards, Sources: sources, Segments: text, Cluster: cluster})
		s.Init()
		e := s.Run()
		past := buyers(r, 1500, time.Now().Add(-time.Minute), 100*day)
		var seen, late []event.Event
		for _, ev := range past {
			switch r.IntN(10) {
			case 0:
				late = append(late, ev)
			case 1, 2, 3, 4:
				seen = append(seen, ev)
			}
		}
		produce(s, r, seen)
		s.AwaitSettled(stack.Patience)

		h, err := pipeline.NewPast(set, profile.Default(), set.IDs())
		if err != nil {
			t.Fatal(err)
		}
		s.Direct(directive.Directive{Kind: directive.Open, Run: "run", Series: h.Series()})
		seams := s.AwaitSeam("run")
		behind := buyers(r, 200, time.UnixMilli(slices.Max(seams)).Add(20*day), 20*day)
		for i := range behind {
			behind[i].MessageID = fmt.Sprint("behind ", i)
		}
		again := slices.Clone(past[len(past)-12:]) // of the last day
		for i := range again {
			again[i].Arrival = slices.Max(seams) + 1000
		}
		produce(s, r, again)
		s.AwaitSettled(stack.Patience) // so that they come within a day of what they repeat
		patches := evaluate(t, s, h, past, seams)
		produce(s, r, append(late, behind[:100]...))
		// A router that dies routes records again, and in so much of stream
		// time that they are no repeats any more.
		s.Await("everything to be routed", stack.Patience, s.Routed)
		s.Direct(patches[:len(patches)/2]...)
		e.Kill()
		s.Run()
		produce(s, r, behind[100:])
		s.Direct(patches...)
		s.Direct(directive.Directive{Kind: directive.Close, Run: "run"})
		s.AwaitSettled(stack.Patience)
		compareBackfilled(t, s, past, behind, seams)
		if letters := s.Letters(s.Keyed); len(letters) > 0 {
			t.Errorf("dead letters: %v", letters)
		}
	})
}

// evaluate makes the patches of all profiles.
func evaluate(t *testing.T, s *stack.System, h *pipeline.Past, past []event.Event, seams []int64) []directive.Directive {
	t.Helper()
	var list []directive.Directive
	for i := range 60 {
		id := fmt.Sprint("user ", i)
		h.Begin(id, seams[s.Owner(id)])
		for _, ev := range past {
			if ev.Profile != id {
				continue
			}
			if _, err := h.Take(&ev); err != nil {
				t.Fatal(err)
			}
		}
		if d, ok := h.Patch("run"); ok {
			list = append(list, d)
		}
	}
	return list
}

// compareBackfilled holds the stored members against an oracle of each shard
// that was told everything in order.
func compareBackfilled(t *testing.T, s *stack.System, past, behind []event.Event, seams []int64) {
	t.Helper()
	all := slices.Concat(past, behind)
	slices.SortStableFunc(all, func(a, b event.Event) int { return cmp.Compare(a.Arrival, b.Arrival) })
	members, brought := 0, 0
	for shard := range s.Shards {
		o, err := oracle.New(bought)
		if err != nil {
			t.Fatal(err)
		}
		for i := range all {
			if s.Owner(all[i].Profile) == shard {
				o.Apply(&all[i])
			}
		}
		stored := s.Stored(shard, slices.Sorted(maps.Keys(bought)))
		o.Advance(stored.Clock)
		for id := range bought {
			want := o.Members(id)
			if !slices.Equal(stored.Members[id], want) {
				t.Errorf("shard %d, %s: %v, want %v", shard, id, stored.Members[id], want)
			}
			members += len(want)
		}
		for _, c := range stored.Outbox {
			if c.Cause == oracle.CauseBackfill {
				brought++
			}
		}
	}
	if members == 0 || brought == 0 || slices.Min(seams) == 0 {
		t.Errorf("%d members, %d changes by history", members, brought)
	}
}
