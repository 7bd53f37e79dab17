package pipeline_test

import (
	"context"
	"fmt"
	"testing"

	"muster/event"
	"muster/pipeline"
	"muster/pipeline/memory"
	"muster/rules"
	"muster/test/kit/generate"
)

const dayMillis = 24 * 60 * 60 * 1000

// quiet is who was active and has not been for a day.
const quiet = `count(events("A")) > 0 and count(events("A", "1d")) == 0`

// tight returns a driver that keeps no profile in memory and commits behind
// every timer.
func tight(t *testing.T, store *memory.Store, set *rules.Set) *pipeline.Driver {
	t.Helper()
	state, err := store.Open(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	config := pipeline.Default()
	config.CacheBytes, config.Timers = 1, 1
	return pipeline.NewDriver(set, config, state, pipeline.PortOf(store, 0))
}

// pass lets time go on to an instant and serves what is due by then.
func pass(t *testing.T, d *pipeline.Driver, until int64) {
	t.Helper()
	d.Pass(until)
	for turns := 0; d.Behind(); turns++ {
		if turns > 100 {
			t.Fatal("a hundred turns later the same timers are due")
		}
		if err := d.Turn(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// A timer is due of a profile that no sweep has looked at, for which nothing
// follows from the new rules. It was looked at, not written, dropped from
// memory, read back as it was, looked at, and so on for ever.
func TestTimerOfAnUnsweptProfileIsServed(t *testing.T) {
	before := compile(t, []rules.Segment{rules.NewSegment("quiet", quiet)})
	after := compile(t, []rules.Segment{rules.NewSegment("quiet", quiet), rules.NewSegment("pro", `traits.plan == "pro"`)})
	store := memory.New()
	d := tight(t, store, before)
	feed := &pipeline.Feed{Events: []event.Event{*happened("m", generate.Start)}, Offsets: []int64{0}, Next: 1, Last: true}
	if err := d.Serve(t.Context(), feed); err != nil {
		t.Fatal(err)
	}
	if err := d.Swap(after); err != nil {
		t.Fatal(err)
	}
	pass(t, d, generate.Start+dayMillis)
	if got := store.Outbox(0); len(got) != 1 || got[0].Segment != "quiet" || got[0].At != generate.Start+dayMillis || got[0].Cause != pipeline.CauseTime {
		t.Errorf("the changes are %+v", got)
	}
}

// New rules take the timers of two profiles away. Only the first of them was
// loaded, as one timer is served at a time.
func TestTimerThatTheRulesTakeAwayCountsAsServed(t *testing.T) {
	before := compile(t, []rules.Segment{rules.NewSegment("quiet", quiet)})
	after := compile(t, []rules.Segment{rules.NewSegment("any", `profile.id != ""`)})
	store := memory.New()
	d := tight(t, store, before)
	other := happened("m", generate.Start)
	other.Profile = "b"
	feed := &pipeline.Feed{Events: []event.Event{*happened("m", generate.Start), *other}, Offsets: []int64{0, 1}, Next: 2, Last: true}
	if err := d.Serve(t.Context(), feed); err != nil {
		t.Fatal(err)
	}
	if err := d.Swap(after); err != nil {
		t.Fatal(err)
	}
	pass(t, d, generate.Start+dayMillis)
	if got := store.Members("any"); len(got) != 2 {
		t.Errorf("the members are %q", got)
	}
}

// without is a Port on which one profile is not stored.
type without struct {
	pipeline.Port
	profile string
}

// Load implements pipeline.Port.
func (w without) Load(ctx context.Context, ids []string) ([]string, error) {
	blobs, err := w.Port.Load(ctx, ids)
	for i, id := range ids {
		if id == w.profile {
			blobs[i] = ""
		}
	}
	return blobs, err
}

// An operator has removed a profile from the store that could not be read, as
// the message about it says, and its timer is still there.
func TestTimerOfARemovedProfileIsPassedOver(t *testing.T) {
	set := compile(t, []rules.Segment{rules.NewSegment("quiet", quiet)})
	store := memory.New()
	d := tight(t, store, set)
	other := happened("m", generate.Start+1)
	other.Profile = "b"
	feed := &pipeline.Feed{Events: []event.Event{*happened("m", generate.Start), *other}, Offsets: []int64{0, 1}, Next: 2, Last: true}
	if err := d.Serve(t.Context(), feed); err != nil {
		t.Fatal(err)
	}
	state, err := store.Open(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	d = pipeline.NewDriver(set, pipeline.Default(), state, without{pipeline.PortOf(store, 0), "a"})
	pass(t, d, generate.Start+dayMillis+1)
	if got := store.Outbox(0); len(got) != 1 || got[0].Profile != "b" {
		t.Errorf("the changes are %+v", got)
	}
}

// All segments are removed, and the shard is opened anew. Its list of names
// still has what was once kept, and says nothing about it.
func TestRulesAfterNoneAreTrackedFromThenOn(t *testing.T) {
	store := memory.New()
	const rule = `count(events("A")) > 0`
	some, none := compile(t, []rules.Segment{rules.NewSegment("active", rule)}), compile(t, nil)
	feed := &pipeline.Feed{Events: []event.Event{*happened("m", generate.Start)}, Offsets: []int64{0}, Next: 1, Last: true}
	if err := tight(t, store, some).Serve(t.Context(), feed); err != nil {
		t.Fatal(err)
	}
	sweepOut(t, store, none)
	if state := sweepOut(t, store, none); state.Catalog != nil {
		t.Errorf("without segments the catalog is %q", state.Catalog)
	}
	again := compile(t, []rules.Segment{rules.NewSegment("again", rule)})
	state := sweepOut(t, store, again)
	if got := fmt.Sprintf("%d %x %d", state.Generation, again.Meaning(0), generate.Start); state.Catalog["s:again"] != got {
		t.Errorf("the catalog says %q of the segment, want %q", state.Catalog["s:again"], got)
	}
}

// sweepOut opens a shard with a rule set, sweeps it and returns what is stored.
func sweepOut(t *testing.T, store *memory.Store, set *rules.Set) pipeline.State {
	t.Helper()
	d := tight(t, store, set)
	d.Census = census{store}
	for d.Sweeping() {
		if err := d.Turn(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Commit(t.Context(), d.Next()); err != nil {
		t.Fatal(err)
	}
	state, err := store.Open(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// census names the profiles of shard 0.
type census struct{ scanner pipeline.Scanner }

// Count implements pipeline.Census.
func (c census) Count(ctx context.Context) (int64, int, error) { return c.scanner.Count(ctx, 0) }

// Scan implements pipeline.Census.
func (c census) Scan(ctx context.Context, bucket, limit int) ([]string, int, error) {
	return c.scanner.Scan(ctx, 0, bucket, limit)
}

// counted is a Port that counts the profiles that are written.
type counted struct {
	pipeline.Port
	written int
}

// Commit implements pipeline.Port.
func (c *counted) Commit(ctx context.Context, commit *pipeline.Commit) error {
	c.written += len(commit.Profiles)
	return c.Port.Commit(ctx, commit)
}

// An edit from which nothing follows for anybody writes no profile, whether
// one of many segments is looked at or all are.
func TestSweepWithoutDifferenceWritesNoProfile(t *testing.T) {
	segments := func(nobody ...string) *rules.Set {
		list := []rules.Segment{rules.NewSegment("active", `count(events("A", "7d")) > 0`), rules.NewSegment("any", `profile.id != ""`)}
		for _, id := range nobody {
			list = append(list, rules.NewSegment(id, `traits.plan == "pro"`))
		}
		return compile(t, list)
	}
	for name, nobody := range map[string][]string{"a part": {"x"}, "all": {"x", "y", "z"}} {
		store := memory.New()
		feed := &pipeline.Feed{Last: true}
		for i := range 40 {
			ev := happened("m", generate.Start)
			ev.Profile = fmt.Sprint("p", i)
			feed.Events, feed.Offsets, feed.Next = append(feed.Events, *ev), append(feed.Offsets, int64(i)), int64(i+1)
		}
		if err := tight(t, store, segments()).Serve(t.Context(), feed); err != nil {
			t.Fatal(err)
		}
		state, err := store.Open(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		port := &counted{Port: pipeline.PortOf(store, 0)}
		d := pipeline.NewDriver(segments(nobody...), pipeline.Default(), state, port)
		d.Census = census{store}
		for d.Sweeping() {
			if err := d.Turn(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if looked := d.Sweep(); port.written > 0 || looked.Looked != 40 {
			t.Errorf("%s: %d profiles were written, %d looked at", name, port.written, looked.Looked)
		}
	}
}
