package sink_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"

	"muster/pipeline"
	"muster/sink"
	"muster/test/kit/redis"
)

// readParts returns what some parts have, how many round trips that took, and
// the most entries that one of them brought.
func readParts(t *testing.T, store *sink.Store, from, to int) (all []string, trips, most int) {
	t.Helper()
	counting := true
	store.OnTrip(func(commands []client.Cmder) {
		if !counting {
			return
		}
		trips++
		entries := 0
		for _, one := range commands {
			if list, is := one.(*client.StringSliceCmd); is {
				entries += len(list.Val())
			}
		}
		most = max(most, entries)
	})
	day, before := today(), 0
	err := store.ChronicledParts(t.Context(), 3, from, to, day-7, day, func(part int, c *pipeline.Change) error {
		if part < before || part != sink.ChroniclePart(c.Profile) || part < from || part >= to {
			t.Errorf("part %d has %s, behind part %d", part, c.Profile, before)
		}
		before = part
		all = append(all, fmt.Sprintf("%s %d", c.Profile, c.Version))
		return nil
	})
	if counting = false; err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all, trips, most
}

// All 1,024 lists of eight days are read in a few round trips, whether they are
// empty or not, and none brings more entries than are said to be in memory.
func TestAllPartsAreReadInAFewTrips(t *testing.T) {
	store := open(t, keeping(redis.Start(t).Address))
	w := start(t, store, 3)
	now := time.Now().UnixMilli()
	var profiles []string
	for i := range 300 {
		profiles = append(profiles, fmt.Sprintf("p%d", i))
	}
	commitChanges(t, w, now-86_400_000, profiles[:5]...)
	want := chronicled(t, store, 3)
	if got, trips, _ := readParts(t, store, 0, sink.ChronicleParts); trips != 2 || !slices.Equal(got, want) {
		t.Errorf("five entries took %d round trips: %q, want 2 and %q", trips, got, want)
	}
	for range 210 {
		commitChanges(t, w, now, append(profiles, slices.Repeat([]string{"often"}, 250)...)...)
	}
	want = chronicled(t, store, 3)
	got, trips, most := readParts(t, store, 0, sink.ChronicleParts)
	if len(want) != 5+210*550 || !slices.Equal(got, want) {
		t.Fatalf("%d entries were read, %d were committed", len(got), len(want))
	}
	const fewest = 1 + 3 + 3 // lengths, 1,000 and 4,000 and 16,000, and the other 94,505 by 32,000
	if trips != fewest || most != 32_000 {
		t.Errorf("%d entries took %d round trips, want %d; one brought %d", len(got), trips, fewest, most)
	}
	some, _, _ := readParts(t, store, 40, 90)
	rest := slices.DeleteFunc(want, func(text string) bool {
		var id string
		_, _ = fmt.Sscan(text, &id)
		return sink.ChroniclePart(id) < 40 || sink.ChroniclePart(id) >= 90
	})
	if !slices.Equal(some, rest) {
		t.Errorf("of some parts %d entries were read, want %d", len(some), len(rest))
	}
}

// What was erased is left out, and fn ends the reading.
func TestPartsAreReadWithoutWhatWasErased(t *testing.T) {
	store := open(t, keeping(redis.Start(t).Address))
	w := start(t, store, 3)
	commitChanges(t, w, time.Now().UnixMilli(), "ann", "ben", "eve")
	_, err := store.CleanChronicle(t.Context(), 3, []string{pipeline.ErasedName("ben")}, func(id string, _ uint64) bool { return id == "ben" })
	if err != nil {
		t.Fatal(err)
	}
	if got, _, _ := readParts(t, store, 0, sink.ChronicleParts); !slices.Equal(got, []string{"ann 1", "eve 1"}) {
		t.Errorf("read were %q", got)
	}
	enough, calls := errors.New("enough"), 0
	err = store.ChronicledParts(t.Context(), 3, 0, sink.ChronicleParts, today(), today(), func(int, *pipeline.Change) error {
		calls++
		return enough
	})
	if !errors.Is(err, enough) || calls != 1 {
		t.Errorf("got %v after %d calls", err, calls)
	}
}
