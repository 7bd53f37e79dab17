package pipeline_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"muster/event"
	"muster/pipeline"
	"muster/profile"
	"muster/rules"
	"muster/test/generate"
	"muster/test/oracle"
)

// decisions is how many (rule, profile, event) decisions the differential
// test makes; MUSTER_DECISIONS overrides it for longer runs.
func decisions(t *testing.T) int {
	n := 1_000_000
	if testing.Short() {
		n = 50_000
	}
	if text := os.Getenv("MUSTER_DECISIONS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatalf("MUSTER_DECISIONS: %v", err)
		}
	}
	return n
}

// TestShardAgreesWithOracle feeds random events to random rules and demands
// that every change, its instant, its version and its order are the oracle's.
func TestShardAgreesWithOracle(t *testing.T) {
	want, made, changes := decisions(t), 0, 0
	for seed := uint64(1); made < want; seed++ {
		m, c := compareRound(t, seed)
		made, changes = made+m, changes+c
	}
	t.Logf("%d decisions, %d changes, 0 mismatches", made, changes)
}

const (
	roundRules    = 40
	roundProfiles = 4
	roundEvents   = 60
)

func compareRound(t *testing.T, seed uint64) (decisions, changes int) {
	r := rand.New(rand.NewPCG(seed, 1))
	texts, ids := map[string]string{}, []string{}
	var segments []rules.Segment
	for i := range roundRules {
		id := fmt.Sprintf("s%02d", i)
		texts[id] = generate.Rule(r, 1+r.IntN(3), ids)
		segments = append(segments, rules.NewSegment(id, texts[id]))
		ids = append(ids, id)
	}
	set, err := rules.Compile(segments)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	log, err := oracle.NewLog(texts)
	if err != nil {
		t.Fatalf("seed %d: oracle: %v", seed, err)
	}
	shard := pipeline.NewShard(set, profile.DefaultConfig(), 0, pipeline.State{Next: -1})
	profiles := []string{"a", "b", "c", "d"}[:roundProfiles]
	clock := generate.Start
	for i := range roundEvents {
		ev := generate.Event(r, profiles, clock)
		clock = max(clock, ev.Arrival)
		var expected []oracle.Change
		var got []pipeline.Change
		if i%10 == 9 {
			expected = log.Advance(ev.Arrival)
			advance(t, shard, ev.Arrival)
			got = shard.TakeChanges()
			compareChanges(t, seed, i, texts, expected, got)
		}
		expected = log.Apply(&ev)
		feed(t, shard, &ev)
		got = shard.TakeChanges()
		compareChanges(t, seed, i, texts, expected, got)
		changes += len(expected)
	}
	return roundRules * roundEvents, changes
}

// feed does what a caller of Shard has to do for one event.
func feed(t *testing.T, s *pipeline.Shard, ev *event.Event) {
	t.Helper()
	for _, id := range s.Missing(nil, []event.Event{*ev}, 1<<30) {
		if err := s.Put(id, nil); err != nil {
			t.Fatal(err)
		}
	}
	advance(t, s, ev.Arrival)
	if _, err := s.Apply(ev); err != nil {
		t.Fatal(err)
	}
}

func advance(t *testing.T, s *pipeline.Shard, until int64) {
	t.Helper()
	if done, err := s.Fire(until, 1<<30); err != nil || !done {
		t.Fatalf("Fire: %v, %v", done, err)
	}
}

func compareChanges(t *testing.T, seed uint64, at int, texts map[string]string, want []oracle.Change, got []pipeline.Change) {
	t.Helper()
	for i := range max(len(want), len(got)) {
		var w oracle.Change
		var g pipeline.Change
		if i < len(want) {
			w = want[i]
		}
		if i < len(got) {
			g = got[i]
		}
		same := oracle.Change{Segment: g.Segment, Profile: g.Profile, Entered: g.Entered, At: g.At, Version: g.Version, Cause: string(g.Cause)}
		if same != w {
			t.Fatalf("seed %d, event %d, change %d:\n oracle %+v\n   rule %s\n engine %+v\n   rule %s", seed, at, i, w, texts[w.Segment], g, texts[g.Segment])
		}
	}
}
