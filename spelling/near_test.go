package spelling

import (
	"slices"
	"testing"
)

func TestNear(t *testing.T) {
	known := []string{"buyers", "quiet", "repeat-buyers", "vip", "vip-going-quiet", "vip-paused"}
	for name, want := range map[string][]string{
		"buyer": {"buyers", "repeat-buyers"}, "vip-goin-quiet": {"vip-going-quiet", "quiet"}, "vips": {"vip"},
		"vip-": {"vip", "vip-paused"}, "repaet-buyers": {"repeat-buyers", "buyers"},
		"nothing-like-it": {}, "": {}, "xy": {},
	} {
		if got := Near(name, known, 2); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
