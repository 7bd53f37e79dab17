package sweep

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"muster/event"
	"muster/rules"
	"muster/test/kit/ruleset"
	"muster/test/kit/workload"
)

const (
	ruleSeed = 42
	edited   = "edited" // the segment that changes
	twin     = "twin"   // always has the rule that edited ends with, and so its members

	// An edit moves so many of the customers, as one that shifts a bound does.
	leastShare = 0.02
	mostShare  = 0.04
	sampled    = 2000 // customers that this is measured on
)

// editions are the rule sets that follow each other.
type editions struct {
	before *rules.Set
	after  *rules.Set // one segment has another rule
	all    *rules.Set // as before, but every rule has another text of the same meaning
}

// newEditions makes rule sets of so many segments.
func newEditions(tb testing.TB, segments int) *editions {
	tb.Helper()
	generator := workload.NewNarrowRuleGenerator(workload.Customers(), ruleSeed)
	before, after, all := map[string]string{}, map[string]string{}, map[string]string{}
	for i := range segments - 2 {
		id, text := fmt.Sprintf("s-%06d", i), generator.Rule().Text(workload.Muster)
		before[id], after[id], all[id] = text, text, "("+text+")"
	}
	edit := drawEdit(tb)
	before[twin], after[twin], all[twin] = edit[1], edit[1], "("+edit[1]+")"
	before[edited], after[edited], all[edited] = edit[0], edit[1], "("+edit[1]+")"
	return &editions{ruleset.Compile(tb, before), ruleset.Compile(tb, after), ruleset.Compile(tb, all)}
}

// drawEdit returns two rules about traits and behaviours that tell an
// ordinary share of the customers apart.
func drawEdit(tb testing.TB) [2]string {
	tb.Helper()
	attributes := workload.Customers()
	r := rand.New(rand.NewPCG(ruleSeed, 3))
	var customers [][]event.Value
	for range sampled {
		customers = append(customers, workload.Values(attributes, r))
	}
	generator := workload.NewRuleGenerator(attributes, ruleSeed)
	for range 100_000 {
		one, other := generator.Rule(), generator.Rule()
		texts := [2]string{one.Text(workload.Muster), other.Text(workload.Muster)}
		if !strings.Contains(texts[0], "events(") || !strings.Contains(texts[1], "events(") {
			continue
		}
		differing := 0
		for _, values := range customers {
			if one.Holds(values) != other.Holds(values) {
				differing++
			}
		}
		if share := float64(differing) / sampled; share >= leastShare && share <= mostShare {
			return texts
		}
	}
	tb.Fatal("no two rules differ by an ordinary share")
	return [2]string{}
}
