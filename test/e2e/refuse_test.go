package e2e

import (
	"strings"
	"testing"

	"muster/test/e2e/stack"
)

const oneSegment = "segments:\n  - id: bought\n    rule: count(events(\"Order Completed\")) > 0\n"

// expectHelp demands that a refusal says what is wrong and what to do.
func expectHelp(t *testing.T, printed string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(printed, word) {
			t.Errorf("the refusal does not mention %q:\n%s", word, printed)
		}
	}
}

func TestRefusesWithoutTopic(t *testing.T) {
	stack.Beside(t)
	s := stack.Start(t, stack.Options{Shards: 2, Segments: oneSegment})
	expectHelp(t, s.Refused(), s.Keyed, "evaluator init")
}

func TestRefusesUninitialisedRedis(t *testing.T) {
	stack.Beside(t)
	s := stack.Start(t, stack.Options{Shards: 2, Segments: oneSegment})
	s.CreateTopic(s.Keyed, 2)
	expectHelp(t, s.Refused(), "m:cluster", "run init first")
}

func TestRefusesAnotherShardCount(t *testing.T) {
	stack.Beside(t)
	s := stack.Start(t, stack.Options{Shards: 2, Segments: oneSegment})
	s.Init()
	if err := s.Redis.HSet(t.Context(), "m:cluster", "shards", 4).Err(); err != nil {
		t.Fatal(err)
	}
	expectHelp(t, s.Refused(), "4 shards", "2 partitions")
	if out, err := s.InitWith(3); err == nil {
		t.Errorf("evaluator init changed the number of shards:\n%s", out)
	}
}

func TestRefusesAnotherSchema(t *testing.T) {
	stack.Beside(t)
	s := stack.Start(t, stack.Options{Shards: 2, Segments: oneSegment})
	s.Init()
	if err := s.Redis.HSet(t.Context(), "m:cluster", "schema", 99).Err(); err != nil {
		t.Fatal(err)
	}
	expectHelp(t, s.Refused(), `schema "99"`)
}

// A Redis that evicts loses memberships silently.
func TestRefusesEviction(t *testing.T) {
	stack.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		s := stack.Start(t, stack.Options{
			Shards: 2, Segments: oneSegment, Cluster: cluster,
			Directives: []string{"maxmemory 100mb", "maxmemory-policy allkeys-lru"},
		})
		s.CreateTopic(s.Keyed, 2)
		expectHelp(t, s.Refused(), "maxmemory-policy", "allkeys-lru", "noeviction")
	})
}

func TestRefusesUnusableSegments(t *testing.T) {
	stack.Beside(t)
	s := stack.Start(t, stack.Options{Shards: 2, Segments: "segments:\n  - id: broken\n    rule: traits.plan === 1\n"})
	s.CreateTopic(s.Keyed, 2)
	expectHelp(t, s.Refused(), "broken", "^")
}
