package stream

import (
	"fmt"
	"testing"
)

// Names follow the prefix unless they are given; those of the first prefix
// are as ever.
func TestNamesFollowThePrefix(t *testing.T) {
	for prefix, want := range map[string]string{
		"m":  "[muster muster muster-events] []",
		"eu": "[muster-eu muster-eu muster-eu-events] [kafka.group kafka.keyed]",
	} {
		c := Config{ClientID: Unnamed, Group: Unnamed, Keyed: Unnamed}
		c.Follow(prefix)
		if got := fmt.Sprint([]string{c.ClientID, c.Group, c.Keyed}, c.Followed); got != want {
			t.Errorf("prefix %s: %s, want %s", prefix, got, want)
		}
	}
	c := Config{ClientID: "a", Group: "b", Keyed: Unnamed}
	c.Follow("eu")
	if got := fmt.Sprint([]string{c.ClientID, c.Group, c.Keyed}, c.Followed); got != "[a b muster-eu-events] [kafka.keyed]" {
		t.Errorf("two are given: %s", got)
	}
}
