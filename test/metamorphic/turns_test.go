package metamorphic

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"muster/event"
	"muster/pipeline"
	"muster/pipeline/memory"
	"muster/rules"
	"muster/test/kit/ruleset"
)

// quiet is who was active and has not been for a day.
const quiet = `count(events("A")) > 0 and count(events("A", "1d")) == 0`

// apart returns each event as a record.
func apart(events ...event.Event) []pipeline.Record {
	groups := make([][]event.Event, len(events))
	for i := range events {
		groups[i] = events[i : i+1]
	}
	return spell(groups)
}

// overtaken is a Store whose owner loses the shard at a commit.
type overtaken struct {
	pipeline.Store
	after    int // commits before that
	overtake func()
}

// Commit implements pipeline.Store.
func (o *overtaken) Commit(ctx context.Context, shard int, c *pipeline.Commit) error {
	if o.after--; o.after == -1 {
		o.overtake()
	}
	return o.Store.Commit(ctx, shard, c)
}

// A deadline passes while the shard changes hands: the old owner has served
// it in memory, the new one serves it too, and only one of them is heard.
func TestDeadlineDuringRebalance(t *testing.T) {
	set := ruleset.Compile(t, map[string]string{"quiet": quiet})
	records := apart(
		track("a", "2026-11-01T10:00:00Z", ""),
		track("b", "2026-11-02T18:00:00Z", ""),
		track("a", "2026-11-02T18:00:00Z", ""),
	)
	for after := range records {
		t.Run(fmt.Sprintf("after %d commits", after), func(t *testing.T) {
			store := memory.New()
			old := newWorker(t, set, &overtaken{store.Share(), after, func() {
				drive(t, newWorker(t, set, store.Share(), records, 1))
			}}, nil, 0)
			old.Open = func(_ context.Context, _ int, offset int64, _ pipeline.Anchor) (pipeline.Source, error) {
				return &tape{records: records, size: 1, next: offset, waits: true}, nil
			}
			if err := old.Run(t.Context(), 0); !errors.Is(err, pipeline.ErrFenced) {
				t.Errorf("the old owner ends with %v", err)
			}
			mustRead(t, store.Outbox(0), []string{
				"2026-11-02T10:00:00.000Z a enters quiet by time",
				"2026-11-02T18:00:00.000Z a leaves quiet by event",
			})
		})
	}
}

// Many deadlines in one millisecond are committed in turns. Wherever an
// owner dies between them, the next serves the rest, also of profiles that
// were stored at that very millisecond.
func TestWaveOfDeadlinesCutByDeath(t *testing.T) {
	set := ruleset.Compile(t, map[string]string{"quiet": quiet})
	var events []event.Event
	var want []string
	for i := range 9 {
		events = append(events, track(fmt.Sprintf("p%d", i), "2026-11-01T10:00:00Z", ""))
		want = append(want, fmt.Sprintf("2026-11-02T10:00:00.000Z p%d enters quiet by time", i))
	}
	records := apart(append(events, track("p9", "2026-11-02T10:00:00Z", ""))...)
	for size := 1; size <= len(records); size += 3 {
		for after := range len(records) {
			t.Run(fmt.Sprintf("%d at a time, death at commit %d", size, after), func(t *testing.T) {
				store := memory.New()
				first := newWorker(t, set, &killing{store.Share(), after, after%2 == 0}, records, size)
				first.Config.Timers, first.Config.CacheBytes = 2, tinyCache
				if err := first.Run(t.Context(), 0); !errors.Is(err, errKilled) && !errors.Is(err, errEnd) {
					t.Fatal(err)
				}
				second := newWorker(t, set, store.Share(), records, size)
				second.Config.Timers, second.Config.CacheBytes = 2, tinyCache
				drive(t, second)
				mustRead(t, store.Outbox(0), want)
			})
		}
	}
}

// backlog is a week in which one profile acts every 23 hours, one once, and
// one comes back just too late. It is read when the week is over.
func backlog() []pipeline.Record {
	const hour = 60 * minute
	start := at("2026-11-01T00:00:00Z")
	var events []event.Event
	for h := int64(0); h <= 7*24; h++ {
		act := func(profile string) {
			now := start + h*hour
			events = append(events, event.Event{Type: event.Track, Name: "A", Profile: profile, Time: now, Arrival: now})
		}
		if h%23 == 0 {
			act("steady")
		}
		if h == 0 {
			act("gone")
		}
		if h == 0 || h == 24 || h == 49 {
			act("back")
		}
		if h == 7*24 {
			act("end")
		}
	}
	return apart(events...)
}

func TestCatchingUpAWeek(t *testing.T) {
	set := ruleset.Compile(t, map[string]string{"quiet": quiet})
	want := []string{
		"2026-11-02T00:00:00.000Z back enters quiet by time", // at its deadline, before the event of that millisecond
		"2026-11-02T00:00:00.000Z gone enters quiet by time",
		"2026-11-02T00:00:00.000Z back leaves quiet by event",
		"2026-11-03T00:00:00.000Z back enters quiet by time",
		"2026-11-03T01:00:00.000Z back leaves quiet by event",
		"2026-11-04T01:00:00.000Z back enters quiet by time",
	}
	for _, size := range []int{1, 5, 500} {
		t.Run(fmt.Sprintf("%d at a time", size), func(t *testing.T) {
			mustRead(t, caughtUp(t, set, backlog(), size), want)
		})
	}
}

// caughtUp returns the changes that follow from records read a day after the
// last of them.
func caughtUp(t *testing.T, set *rules.Set, records []pipeline.Record, size int) []pipeline.Change {
	store := memory.New()
	worker := newWorker(t, set, store, records, size)
	worker.Wall = func() int64 { return at("2026-11-09T00:00:00Z") }
	drive(t, worker)
	return store.Outbox(0)
}
