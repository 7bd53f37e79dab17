package stack

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"muster/event"
	"muster/test/kit/oracle"
)

// reach is a segment on one day.
type reach struct {
	segment string
	day     int64 // since 1970 UTC
}

const millisPerDay = 24 * 60 * 60 * 1000

// VerifyReach compares the daily counters with the profiles that, by the
// oracle, were members after something they did that day. A HyperLogLog is
// all but exact for few profiles. With short it may hold fewer: a Cluster can
// lose additions of the last second with a master, and nothing shows it.
func (s *System) VerifyReach(rules map[string]string, short bool, tally *Tally) {
	s.t.Helper()
	want := s.foretellReach(rules)
	for r, profiles := range want {
		ctx, cancel := s.bounded()
		key := fmt.Sprintf("m:hll:{%s}:%s", r.segment, time.UnixMilli(r.day*millisPerDay).UTC().Format("20060102"))
		got, err := s.Redis.PFCount(ctx, key).Result()
		cancel()
		if err != nil {
			s.t.Fatalf("counting reach: %v", err)
		}
		// Three standard errors of 0.81 %, and one for small numbers.
		n := int64(len(profiles))
		tolerated := 1 + n*25/1000
		if got > n+tolerated || got < n-tolerated && !short {
			tally.Diverged++
			s.t.Errorf("reach of %s on day %d is %d, the oracle's %d", r.segment, r.day, got, n)
		}
	}
}

func (s *System) foretellReach(rules map[string]string) map[reach]map[string]bool {
	s.t.Helper()
	oracles, want := make([]*oracle.Oracle, s.Shards), map[reach]map[string]bool{}
	for shard := range oracles {
		var err error
		if oracles[shard], err = oracle.New(maps.Clone(rules)); err != nil {
			s.t.Fatal(err)
		}
	}
	s.Events(func(shard int, e *event.Event) {
		o := oracles[shard]
		if !o.Apply(e) {
			return // a repeat
		}
		for _, segment := range o.Memberships(e.Profile, o.Clock()) {
			r := reach{segment, o.Clock() / millisPerDay}
			if want[r] == nil {
				want[r] = map[string]bool{}
			}
			want[r][strings.Clone(e.Profile)] = true
		}
	})
	return want
}
