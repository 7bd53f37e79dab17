package e2e

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"muster/test/e2e/stack"
	"muster/test/kit/example"
	"muster/test/kit/kafka"
)

// TestInsightsAreFresh has a process hold all profiles beside an evaluator that
// goes on working: what was committed is in the answers soon after, a customer
// who is erased leaves them, and no part of a question that can't be asked is
// answered. Commands that ask it say what those say that ask Redis.
func TestInsightsAreFresh(t *testing.T) {
	stack.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		s := stack.Start(t, stack.Options{
			Shards: 4, Cluster: cluster, RedisSection: "  trail_max: 5000",
			Segments: "segments:\n  - {id: seen, rule: 'count(events(\"Visited\")) > 0'}\n" + fuzzVIP +
				"  - {id: buyers, rule: 'traits.vip == false'}\ncubes:\n  - {id: ads, events: \"Visited\", dimensions: [.page]}\n",
		})
		s.Init()
		s.Run()
		visits(s, 0, 40)
		s.AwaitSettled(stack.Patience)
		insights := s.ServeInsights("  staleness: 500ms\n")
		s.Await("the profiles to be read", stack.Patience, func() error {
			if status, text, err := insights.Ready(); err != nil || status != 200 {
				return fmt.Errorf("%d %s, %w", status, text, err)
			}
			return nil
		})
		awaitTold(s, insights, 40)
		visits(s, 40, 60)
		awaitTold(s, insights, 60)
		s.AwaitSettled(stack.Patience)
		if out, err := s.Erase("p7", "--suppress", "1h"); err != nil {
			t.Fatalf("erasing: %v\n%s", err, out)
		}
		awaitTold(s, insights, 59)
		out, err := s.Command("preview", "--server", insights.API(""), "--rule", `cont(events("Visited")) > 0`)
		if err == nil || !strings.Contains(out, "^") || !strings.Contains(out, "hint: did you mean count?") {
			t.Errorf("a wrong rule gives %v\n%s", err, out)
		}
		commandsAgree(t, s, insights)
		if kafka.Real() && !cluster {
			fuzzInsights(t, insights)
		}
		if read, err := insights.Metric("muster_insights_rereads_total"); err != nil || read != 0 {
			t.Errorf("%g shards were read anew, %v", read, err)
		}
	})
}

// commandsAgree compares what commands say that ask a process with what they say
// that ask Redis.
func commandsAgree(t *testing.T, s *stack.System, insights *stack.Evaluator) {
	t.Helper()
	for _, question := range [][]string{
		{"overlap", "seen", "vip", "--json"}, {"profile", "--audience-rule", `bucket("half") < 50`, "--all", "--json"}, {"reach", "ads", "--json"},
	} {
		own, err := s.Insights(question...)
		if err != nil {
			t.Errorf("%v: %v\n%s", question, err, own)
		}
		asked, err := s.Command(append(append([]string{"insights"}, question...), "--server", insights.API(""))...)
		if err != nil || asked != own {
			t.Errorf("%v: %v\n%s\nand not\n%s", question, err, asked, own)
		}
	}
}

// fuzzInsights has Schemathesis ask a process as TestTheAPIIsFuzzed asks an
// evaluator.
func fuzzInsights(t *testing.T, insights *stack.Evaluator) {
	t.Helper()
	config, err := filepath.Abs("testdata/schemathesis-insights.toml")
	if err != nil {
		t.Fatal(err)
	}
	expectClean(t, example.Schemathesis(t, "../..", "--config-file", config, "run", insights.API("/openapi.json"), "--max-examples", fuzzExamples,
		"--generation-deterministic", "--phases", fuzzPhases, "--no-shrink", "--continue-on-failure", "--request-timeout", "60"))
}

// awaitTold waits until so many profiles are told to have visited, of as many
// as there are.
func awaitTold(s *stack.System, insights *stack.Evaluator, want int64) {
	s.Await(fmt.Sprint(want, " members"), stack.Patience, func() error {
		out, err := s.Command("preview", "--json", "--server", insights.API(""), "--rule", `segment("seen")`)
		if err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
		lines := strings.Split(strings.TrimSpace(out), "\n")
		var end struct {
			Done     bool
			Profiles int64
			Segments []struct{ Estimate, Low, High int64 }
		}
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &end); err != nil || !end.Done || len(end.Segments) != 1 {
			return fmt.Errorf("the last line is no end: %w\n%s", err, out)
		}
		if one := end.Segments[0]; one.Estimate != want || one.Low != want || one.High != want || end.Profiles != want {
			return fmt.Errorf("%s", out)
		}
		return nil
	})
}
