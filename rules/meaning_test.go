package rules_test

import (
	"slices"
	"testing"

	"muster/rules"
	"muster/test/kit/ruleset"
)

// The series of a segment are those of a set that has nothing else, whether
// its rule counts, orders, holds or mentions.
func TestSeriesOfAreThoseOfASetOfItsOwn(t *testing.T) {
	texts := map[string]string{
		"plain":   `traits.plan == "pro"`,
		"counts":  `count(events("A", "30d"), .x > 1) > 2 and sum(events("B"), .price) > 3`,
		"ordered": `sequence("1d", events("A"), events("B")) or abandoned(events("C"), events("D"), "1h")`,
		"held":    `held(count(events("E")) > 1, "2d")`,
		"mention": `segment("counts") and count(events("F", "7d")) > 1`,
	}
	set := ruleset.Compile(t, texts)
	for position := range set.Len() {
		alone, err := set.Subset([]int{position})
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for i := range alone.Schema().Series {
			want = append(want, alone.Schema().Series[i].Key)
		}
		got := slices.Clone(set.SeriesOf(position))
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(slices.Compact(got), want) {
			t.Errorf("%s: got %q, want %q", set.Segment(position).ID, got, want)
		}
	}
}

// A segment means the same in two sets when its rule and those that it
// mentions are the same, whatever else there is.
func TestMeaningIsThatOfTheRuleAndWhatItMentions(t *testing.T) {
	before := ruleset.Compile(t, map[string]string{"a": `traits.x == 1`, "b": `segment("a")`, "c": `traits.y == 1`})
	after := ruleset.Compile(t, map[string]string{"a": `traits.x == 2`, "b": `segment("a")`, "c": `traits.y == 1`, "d": `traits.z == 1`})
	meaning := func(s *rules.Set, id string) uint64 {
		position, ok := s.Position(id)
		if !ok {
			t.Fatalf("there is no segment %s", id)
		}
		return s.Meaning(position)
	}
	for id, same := range map[string]bool{"a": false, "b": false, "c": true} {
		if (meaning(before, id) == meaning(after, id)) != same {
			t.Errorf("%s means the same in both sets: %t", id, !same)
		}
	}
}
