package e2e

import (
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
	"muster/test/e2e/stack"
	"muster/test/e2e/traffic"
	"muster/test/kit/generate"
	"muster/test/kit/ruleset"
)

const day = 24 * time.Hour

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
// In the end the members are those of everything, also where it counts since when
// something has been so.
func TestBackfillEntersARunningService(t *testing.T) {
	stack.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		r := rand.New(rand.NewPCG(16, 5))
		texts := maps.Clone(traffic.Bought)
		texts["steady"] = `held(count(events("Bought", "20d")) >= 2, "15d")`
		set := ruleset.Compile(t, texts)
		s := stack.Start(t, stack.Options{Shards: shards, Sources: sources, Segments: ruleset.File(texts), Cluster: cluster})
		s.Init()
		e := s.Run()
		past := traffic.Buyers(r, 1500, time.Now().Add(-time.Minute), 100*day)
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
		behind := traffic.Buyers(r, 200, time.UnixMilli(slices.Max(seams)).Add(20*day), 20*day)
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
		s.VerifyHistory(texts, past, seams)
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
