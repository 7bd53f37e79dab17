package pipeline

import (
	"fmt"
	"runtime"
	"testing"
	"weak"

	"muster/event"
	"muster/profile"
	"muster/rules"
)

// TestDroppedProfilesLeaveMemory passes the cache's bound with batches of
// which each is smaller than the one before: of the profiles that the cache
// has dropped nothing stays in memory.
func TestDroppedProfilesLeaveMemory(t *testing.T) {
	set, err := rules.Compile([]rules.Segment{rules.NewSegment("s", `traits.x == 1`)})
	if err != nil {
		t.Fatal(err)
	}
	s := newShard(set, profile.Default(), 20_000, State{Next: -1})
	var seen []weak.Pointer[profile.Profile]
	next, now := int64(0), int64(1_793_872_800_000)
	for size := 100; size > 0; size-- {
		for i := range size {
			next, now = next+1, now+1
			ev := event.Event{Type: event.Track, Name: "A", Profile: fmt.Sprintf("p%d-%d", size, i), Time: now, Arrival: now}
			if err := s.put(ev.Profile, ""); err != nil {
				t.Fatal(err)
			}
			if _, err := s.apply(&ev); err != nil {
				t.Fatal(err)
			}
			seen = append(seen, weak.Make(s.profile(ev.Profile)))
		}
		s.committed(s.flush(next))
	}
	runtime.GC()
	alive := map[*profile.Profile]bool{} // memory that was used again is seen several times
	for _, p := range seen {
		if p.Value() != nil {
			alive[p.Value()] = true
		}
	}
	cached, spare := len(s.cache.profiles), len(s.cache.spare)
	if len(alive) != cached+spare || cached == 0 || cached == len(seen) || spare > 1 {
		t.Errorf("of %d profiles %d are cached, %d spare and %d in memory", len(seen), cached, spare, len(alive))
	}
}
