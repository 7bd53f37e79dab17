package pipeline_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/pipeline"
	"muster/profile"
	"muster/rules"
)

// TestLacksOf: a segment lacks what its windows reach back to and the shard has
// not kept, until they have moved on.
func TestLacksOf(t *testing.T) {
	one := rules.NewSegment
	set := compile(t, []rules.Segment{
		one("ever", `count(events("Bought")) >= 2`),
		one("month", `sum(events("Bought", "30d"), .total) > 100`),
		one("both", `segment("month") and count(events("Seen", "1d")) > 0`),
		one("traits", `traits.plan == "pro"`),
	})
	day := (24 * time.Hour).Milliseconds()
	start := 1000 * day
	keys := func(id string) []string {
		position, _ := set.Position(id)
		return set.SeriesOf(position)
	}
	all := map[string]string{}
	for _, id := range set.IDs() {
		for _, key := range keys(id) {
			all[profile.NameOfSeries(key)] = "0 0 0"
		}
	}
	with := func(id, text string) map[string]string {
		changed := maps.Clone(all)
		for _, key := range keys(id) {
			changed[profile.NameOfSeries(key)] = text
		}
		return changed
	}
	fromStart := fmt.Sprintf("%d 0 0", start) // as seriesEntry.text writes it
	tests := []struct {
		name    string
		stored  map[string]string
		instant int64
		want    []pipeline.Mark
	}{
		{"all is kept", all, start, nil},
		{"kept for a day", with("month", fromStart), start + day, []pipeline.Mark{{Segment: "both", Since: start}, {Segment: "month", Since: start}}},
		{"kept for longer than the window", with("month", fromStart), start + 30*day, nil},
		{"no window", with("ever", fromStart), start + 3000*day, []pipeline.Mark{{Segment: "ever", Since: start}}},
		{"not taken over yet", map[string]string{}, start, []pipeline.Mark{{Segment: "both", Since: start}, {Segment: "ever", Since: start}, {Segment: "month", Since: start}}},
	}
	for _, test := range tests {
		got := pipeline.LacksOf(set, test.stored, test.instant)
		slices.SortFunc(got, func(a, b pipeline.Mark) int { return strings.Compare(a.Segment, b.Segment) })
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %+v, not %+v", test.name, got, test.want)
		}
	}
}

// TestLacksOfDraft: a draft lacks what the rules in force do not keep of a
// series: all of one that they don't have, and what is older than their window.
func TestLacksOfDraft(t *testing.T) {
	day := (24 * time.Hour).Milliseconds()
	now := 1000 * day
	inForce := compile(t, []rules.Segment{rules.NewSegment("week", `sum(events("Bought", "7d"), .total) > 1`)})
	stored := map[string]string{profile.NameOfSeries(inForce.Schema().Series[0].Key): fmt.Sprintf("0 %d 0", 7*day)}
	for rule, want := range map[string]int64{
		`sum(events("Bought", "1d"), .total) > 5`:  0,
		`sum(events("Bought", "7d"), .total) > 5`:  0,
		`sum(events("Bought", "30d"), .total) > 5`: now - 7*day,
		`sum(events("Seen", "1d"), .total) > 5`:    now,
	} {
		got := pipeline.LacksOfDraft(compile(t, []rules.Segment{rules.NewSegment("draft", rule)}), stored, now)
		since := int64(0)
		for _, mark := range got {
			since = max(since, mark.Since)
		}
		if since != want {
			t.Errorf("%s: %+v, want since %d", rule, got, want)
		}
	}
}
