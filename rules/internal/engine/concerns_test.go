package engine_test

import (
	"testing"

	"muster/event"
	"muster/rules"
)

// TestConcerns lets no event pass by that a rule may see, and one that none can.
func TestConcerns(t *testing.T) {
	behaviour := event.Event{Type: event.Track, Name: "Viewed"}
	for text, want := range map[string]bool{
		`count(events("Viewed", "1d")) > 0`:             true,
		`count(events("View*")) > 0`:                    true,
		`sequence("1d", events("A"), events("Viewed"))`: true,
		`profile.last_seen < ago("90d")`:                true,
		`profile.first_seen >= ago("7d")`:               true,
		`count(events("Bought", "1d")) > 0`:             false,
		`traits.plan == "pro"`:                          false,
		`context.device.type == "tv"`:                   false,
		`held(traits.plan == "pro", "1d")`:              false,
	} {
		set, err := rules.Compile([]rules.Segment{rules.NewSegment("s", text)})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		m := rules.NewMatcher(set)
		if got := m.Concerns(&behaviour); got != want {
			t.Errorf("%s: a behaviour concerns it: %t", text, got)
		}
		within := event.Event{Type: event.Track, Name: "Viewed", Context: event.ObjectOf(nil)}
		if got := m.Concerns(&within); got != (want || text == `context.device.type == "tv"`) {
			t.Errorf("%s: a behaviour with a context concerns it: %t", text, got)
		}
		if !m.Concerns(&event.Event{Type: event.Identify}) || !m.Concerns(&event.Event{Type: event.Group}) {
			t.Errorf("%s: an identify or a group does not concern it", text)
		}
	}
}
