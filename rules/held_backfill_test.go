package rules

import (
	"slices"
	"strings"
	"testing"
)

// TestUsesHeldIsHavingConditions: UsesHeld is true of the segments that keep
// conditions when they are compiled alone, and of no other, and ConditionsOf
// are these.
func TestUsesHeldIsHavingConditions(t *testing.T) {
	set, err := Compile([]Segment{
		NewSegment("a", `traits.plan == "held"`),
		NewSegment("b", `held(traits.plan == "pro", "7d")`),
		NewSegment("c", `not segment("b") and count(events("A")) > 1`),
		NewSegment("d", `segment("c") or segment("a")`),
		NewSegment("e", `segment("a")`),
		NewSegment("f", `traits.n > 1 and (traits.m > 2 or not held(held(traits.x == 1, "1d") or traits.y == 2, "7d"))`),
		NewSegment("g", `count(events("held", "1d")) > 2`),
	})
	if err != nil {
		t.Fatal(err)
	}
	used := 0
	for position, id := range set.IDs() {
		alone, err := set.Subset([]int{position})
		if err != nil {
			t.Fatal(err)
		}
		if want := len(alone.Schema().Conditions) > 0; set.UsesHeld(position) != want {
			t.Errorf("segment %s: %t, want %t", id, set.UsesHeld(position), want)
		}
		if set.UsesHeld(position) {
			used++
		}
		want := slices.Sorted(slices.Values(alone.Schema().Conditions))
		if got := set.ConditionsOf(position); !slices.Equal(got, want) {
			t.Errorf("segment %s: conditions %q, want %q", id, got, want)
		}
	}
	if used != 4 {
		t.Errorf("%d segments use held, not 4", used)
	}
}

func TestBackfillOfASegment(t *testing.T) {
	const text = `segments:
  - id: plain
    rule: traits.plan == "pro"
  - id: filled
    backfill: auto
    rule: count(events("A", "365d")) > 3
  - id: by-hand
    backfill: manual
    rule: count(events("A", "30d")) > 3
  - id: patient
    backfill: auto
    rule: held(segment("filled"), "1d")
`
	set, err := Load(Source{Name: "s.yaml", Data: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]bool{"plain": false, "filled": true, "by-hand": false, "patient": true} {
		if position, _ := set.Position(id); set.Segment(position).Backfill != want {
			t.Errorf("backfill of %s is %t", id, !want)
		}
	}
	for name, test := range map[string]struct{ text, want string }{
		"another word": {strings.Replace(text, "auto", "yes", 1), "s.yaml:5:15"},
		"no text":      {strings.Replace(text, "auto", "true", 1), "s.yaml:5:15"},
	} {
		if _, err := Load(Source{Name: "s.yaml", Data: []byte(test.text)}); err == nil || !strings.HasPrefix(err.Error(), test.want) || !strings.Contains(err.Error(), "backfill") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
