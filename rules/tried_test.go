package rules_test

import (
	"slices"
	"strings"
	"testing"

	"muster/rules"
)

func TestARuleIsTriedBesideWhatItMentions(t *testing.T) {
	beside, err := rules.Compile([]rules.Segment{
		rules.NewSegment("a", `traits.x > 1`), rules.NewSegment("b", `segment("a") or traits.y == 2`), rules.NewSegment("other", `traits.z == 3`),
	})
	if err != nil {
		t.Fatal(err)
	}
	for rule, want := range map[string][]string{
		`traits.q == 1`:                        {"tried"},
		`segment("b") and not segment("a")`:    {"a", "b", "tried"},
		`segment("other") or segment("other")`: {"other", "tried"},
	} {
		set, err := rules.Try(rules.NewSegment("tried", rule), beside)
		if err != nil {
			t.Fatal(err)
		}
		if ids := slices.Sorted(slices.Values(set.IDs())); !slices.Equal(ids, want) {
			t.Errorf("%s is compiled with %v", rule, ids)
		}
	}
	for rule, want := range map[string]string{
		`segment("othr")`: "did you mean other?", `traits.x >> 1`: "^", `segment("a") and segment("nobody")`: `nobody`,
	} {
		if _, err := rules.Try(rules.NewSegment("tried", rule), beside); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %v", rule, err)
		}
	}
	if _, err := rules.Try(rules.NewSegment("tried", `segment("a")`), nil); err == nil {
		t.Error("a segment that is not there is taken")
	}
}

func TestRulesWithOneNormalFormMeanTheSame(t *testing.T) {
	normal := func(rule string) string {
		text, _, ok := rules.NormalRule(rule)
		if !ok {
			t.Fatalf("%s has no normal form", rule)
		}
		return text
	}
	if normal(`traits.plan == "pro" and  count(events("A","7d"))>1`) != normal("traits.plan  ==  'pro'\n and count(events('A', '7d')) > 1") {
		t.Error("spaces and quotes make a difference")
	}
	if normal(`traits.plan == "pro"`) == normal(`traits.plan == "Pro"`) {
		t.Error("other texts have one normal form")
	}
	if _, mentions, ok := rules.NormalRule(`segment("b") or segment("a") and not segment("b")`); !ok || !slices.Equal(mentions, []string{"a", "b"}) {
		t.Errorf("it mentions %v", mentions)
	}
	if _, _, ok := rules.NormalRule(`traits.x >`); ok {
		t.Error("a rule with a mistake has a normal form")
	}
}
