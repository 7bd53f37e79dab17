package workload

import (
	"math/rand/v2"
	"testing"

	"muster/event"
)

func TestRulesAreDeterministic(t *testing.T) {
	attributes := Attributes()
	a, b := NewRuleGenerator(attributes, 1), NewRuleGenerator(attributes, 1)
	for i := range 200 {
		if x, y := a.Rule().Text(Muster), b.Rule().Text(Muster); x != y {
			t.Fatalf("rule %d is %s, then %s", i, x, y)
		}
	}
}

func TestRulesAreSelective(t *testing.T) {
	attributes := Attributes()
	if share := shareHolding(attributes, NewRuleGenerator(attributes, 1)); share < 0.02 || share > 0.08 {
		t.Errorf("rules hold for %.3f of profiles, want 0.02 to 0.08", share)
	}
	attributes = Customers()
	if share := shareHolding(attributes, NewNarrowRuleGenerator(attributes, 1)); share < 0.001 || share > 0.003 {
		t.Errorf("narrow rules hold for %.4f of profiles, want 0.001 to 0.003", share)
	}
}

// shareHolding is the share of profiles that a rule holds for, on average.
func shareHolding(attributes []*Attribute, g *RuleGenerator) float64 {
	r := rand.New(rand.NewPCG(1, 9))
	var population [][]event.Value
	for range 500 {
		population = append(population, Values(attributes, r))
	}
	holding, rules := 0, 1000
	for range rules {
		rule := g.Rule()
		for _, values := range population {
			if rule.Holds(values) {
				holding++
			}
		}
	}
	return float64(holding) / float64(rules*len(population))
}

func TestTrafficChangesAlmostThreeAttributes(t *testing.T) {
	attributes := Attributes()
	traffic := NewTraffic(attributes, 1, 1000)
	changes, aggregates, events := 0, 0, 10_000
	for range events {
		if p := traffic.Profile(); p < 0 || p >= 1000 {
			t.Fatalf("profile %d acts, of 1000", p)
		}
		for _, c := range traffic.Changes(func(*Attribute) event.Value { return event.NumberOf(1) }) {
			changes++
			if c.Attribute.Index >= Traits {
				aggregates++
			}
		}
	}
	if mean := float64(changes) / float64(events); mean < 2.8 || mean > 3 {
		t.Errorf("%.2f changes an event, want almost 3", mean)
	}
	if share := float64(aggregates) / float64(changes); share < 0.65 || share > 0.75 {
		t.Errorf("%.2f of changes are of aggregates, want 0.7", share)
	}
}
