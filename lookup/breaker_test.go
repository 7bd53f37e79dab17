package lookup

import (
	"testing"
	"time"
)

// The breakers of several processes are printed as one: the worst of them.
func TestBreakersAreOneLine(t *testing.T) {
	const (
		shut    = `{"open":false,"since":1000,"reason":"502"}`
		tripped = `{"open":true,"since":3000,"probe":9000,"reason":"503"}`
		later   = `{"open":true,"since":4000,"probe":8000,"reason":"504"}`
	)
	for name, c := range map[string]struct {
		stored []string
		at     int64
		want   string
		shards int
	}{
		"never open": {nil, 5000, "closed", 0},
		"closed":     {[]string{shut}, 5000, "closed since 1970-01-01T00:00:01Z", 1},
		"open":       {[]string{shut, tripped, shut, later}, 5000, "open since 1970-01-01T00:00:03Z, next probe 1970-01-01T00:00:08Z: 504", 2},
		"half-open":  {[]string{shut, tripped}, 9000, "half-open since 1970-01-01T00:00:03Z: 503", 1},
		"both":       {[]string{later, tripped}, 8500, "open since 1970-01-01T00:00:03Z, next probe 1970-01-01T00:00:09Z: 504", 1},
	} {
		line, err := breakerOf(c.stored, time.UnixMilli(c.at))
		if err != nil || line.String() != c.want || line.Shards != c.shards {
			t.Errorf("%s: got %q of %d shards, %v, want %q of %d", name, line.String(), line.Shards, err, c.want, c.shards)
		}
	}
	if _, err := breakerOf([]string{"{"}, time.Now()); err == nil {
		t.Error("what is no state is taken")
	}
}
