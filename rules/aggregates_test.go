package rules_test

import (
	"slices"
	"strings"
	"testing"

	"muster/rules"
	"muster/rules/internal/language"
	"muster/test/kit/ruleset"
)

// aggregateRules ask for every kind of value; what two of them ask for in
// other words is one aggregate.
var aggregateRules = map[string]string{
	"a": `sum(events("Order Completed", "365d"), .revenue) > 500 and count(events("Order Completed", "30d")) == 0`,
	"b": `last(map(events("Order Completed"), .event_time)) > ago("90d") or sum(events("Order Completed", "365d"), .revenue) < 3`,
	"c": `len(uniq(flatten(map(events("Order Completed"), .tags)))) > 1 or last(map(events("Order Completed"), .coupon)) == "x"`,
	"d": `held(count(events("Page Viewed", "7d")) > 1, "3d") or mean(map(events("Order Completed"), .revenue)) > 1`,
	"e": `count(events("Order Completed", "720h")) > 2 and first(map(events("Order Completed"), .gift)) == true and segment("a")`,
}

func TestAggregatesAreThoseThatRulesAskFor(t *testing.T) {
	set := ruleset.Compile(t, aggregateRules)
	var got []string
	for _, a := range set.Aggregates() {
		got = append(got, a.Text)
	}
	texts := []string{"sum(", `count(events("Order`, ".event_time", ".coupon", ".tags", `count(events("Page`, "mean(", ".gift"}
	for _, text := range texts {
		found := slices.DeleteFunc(slices.Clone(got), func(one string) bool { return !strings.Contains(one, text) })
		if len(found) != 1 {
			t.Errorf("%s stands in %d of\n%s", text, len(found), strings.Join(got, "\n"))
		}
	}
	if len(got) != len(texts) || !slices.IsSorted(got) {
		t.Errorf("%d, wanted %d in order:\n%s", len(got), len(texts), strings.Join(got, "\n"))
	}
	if none := ruleset.One(t, "traits.age > 3").Aggregates(); len(none) != 0 {
		t.Errorf("of no events: %v", none)
	}
}

// What is told of an aggregate is what the rule is explained with.
func TestAggregatesHaveTheValuesOfExplanations(t *testing.T) {
	set := ruleset.Compile(t, aggregateRules)
	records := slices.Concat(explainRecords, []string{
		`{"type":"track","userId":"u","event":"Order Completed","properties":{"revenue":0.5,"coupon":"x","gift":true,"tags":["a","b"]},"timestamp":"2026-11-02T12:00:00Z"}`,
		`{"type":"track","userId":"u","event":"Order Completed","properties":{"coupon":"<y>"},"timestamp":"2026-11-03T12:00:00Z"}`,
	})
	for _, told := range []int{0, 2, 3, 4} { // of the records
		p := applied(t, set, explainNow, records[:told]...)
		explained := map[string]string{}
		for id := range aggregateRules {
			x, err := set.Explain(p, id, explainNow)
			if err != nil {
				t.Fatal(err)
			}
			gather(x, explained)
		}
		compared := 0
		for _, a := range set.Aggregates() {
			want, ok := explained[a.Text]
			if !ok {
				continue // asked in another's words, or by the condition of held
			}
			compared++
			value, atLeast := set.Aggregated(p, &a, explainNow)
			got := language.FormatValue(value)
			if atLeast {
				got = "at least " + got
			}
			if got != want {
				t.Errorf("of %d records %s is %s, explained as %s", told, a.Text, got, want)
			}
		}
		if compared < 6 {
			t.Errorf("only %d could be compared of %v", compared, explained)
		}
	}
}

// gather adds the values of an explanation by their texts.
func gather(x *rules.Explanation, into map[string]string) {
	if x.Holds == nil {
		into[x.Text] = x.Value
	}
	for _, part := range x.Parts {
		gather(part, into)
	}
}
