package pipeline

import (
	"context"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"muster/event"
	"muster/profile"
	"muster/rules"
	"muster/test/kit/generate"
)

// mustCompile compiles rules by segment.
func mustCompile(t *testing.T, texts map[string]string) *rules.Set {
	t.Helper()
	var segments []rules.Segment
	for id, text := range texts {
		segments = append(segments, rules.NewSegment(id, text))
	}
	set, err := rules.Compile(segments)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// blobs is a Port that holds the profiles of a shard in a map.
type blobs struct {
	stored    map[string]string
	deadlines map[string]int64
	changes   []Change
}

func (b *blobs) Load(_ context.Context, profiles []string) ([]string, error) {
	found := make([]string, len(profiles))
	for i, id := range profiles {
		found[i] = b.stored[id]
	}
	return found, nil
}

func (b *blobs) Commit(_ context.Context, c *Commit) error {
	for _, w := range c.Profiles {
		b.stored[w.Profile], b.deadlines[w.Profile] = w.Whole(), w.Deadline
	}
	b.changes = append(b.changes, c.Changes...)
	return nil
}

func newBlobs() *blobs { return &blobs{stored: map[string]string{}, deadlines: map[string]int64{}} }

// oneByOne feeds each profile's events through a Driver, which make gives for
// each, up to an instant and then up to another.
func oneByOne(t *testing.T, events []event.Event, port *blobs, stops []int64, driver func(clock int64, timers []Timer) *Driver) {
	t.Helper()
	for _, id := range []string{"a", "b", "c"} {
		from := int64(0)
		for _, until := range stops {
			var timers []Timer
			if at := port.deadlines[id]; at != 0 {
				timers = []Timer{{id, at}}
			}
			d := driver(from, timers)
			for i := range events {
				if ev := &events[i]; ev.Profile == id && ev.Arrival > from && ev.Arrival <= until {
					if _, err := d.Apply(t.Context(), ev); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := d.Advance(t.Context(), until); err != nil {
				t.Fatal(err)
			}
			if err := d.Commit(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
			from = until
		}
	}
}

// A Driver that is restarted for every profile, and once in the middle of
// each, leaves what Drivers of their own leave.
func TestRestartIsANewDriver(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 61))
		set := mustCompile(t, generate.Set(r, []string{"s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9"}))
		events, clock := make([]event.Event, 150), generate.Start
		for i := range events {
			events[i] = generate.Event(r, []string{"a", "b", "c"}, clock)
			clock = max(clock, events[i].Arrival)
		}
		slices.SortStableFunc(events, func(a, b event.Event) int { return int(a.Arrival - b.Arrival) })
		stops := []int64{events[70].Arrival, clock + 40*24*60*60*1000}
		config := Default()
		config.CacheBytes = 1 << 40
		want := newBlobs()
		oneByOne(t, events, want, stops, func(clock int64, timers []Timer) *Driver {
			return NewDriver(set, config, State{Next: -1, Clock: clock, Timers: timers}, want)
		})
		got := newBlobs()
		one := NewDriver(set, config, State{Next: -1}, got)
		oneByOne(t, events, got, stops, func(clock int64, timers []Timer) *Driver {
			if err := one.Restart(clock, timers); err != nil {
				t.Fatal(err)
			}
			return one
		})
		if !maps.Equal(got.stored, want.stored) || !maps.Equal(got.deadlines, want.deadlines) || !reflect.DeepEqual(got.changes, want.changes) {
			t.Fatalf("seed %d: the profiles differ, %d and %d changes", seed, len(got.changes), len(want.changes))
		}
		if len(want.changes) == 0 {
			t.Fatalf("seed %d: nothing has changed", seed)
		}
	}
}

func TestRestartRefusesWhatIsNotCommitted(t *testing.T) {
	d := NewDriver(mustCompile(t, map[string]string{"all": "true"}), Default(), State{Next: -1}, newBlobs())
	if _, err := d.Apply(t.Context(), &event.Event{Type: event.Alias, Profile: "a", Time: 1, Arrival: 1}); err != nil {
		t.Fatal(err)
	}
	if d.Restart(0, nil) == nil {
		t.Error("it restarted")
	}
}

// Evaluate finds what the Matcher has not been asked for.
func TestEvaluate(t *testing.T) {
	d := NewDriver(mustCompile(t, map[string]string{"all": "true"}), Default(), State{Next: -1}, nil)
	sleeping := &asleep{Matcher: standard(d.shard.set)}
	d.Match(func(*rules.Set) Matcher { return sleeping })
	if _, err := d.Apply(t.Context(), &event.Event{Type: event.Alias, Profile: "a", Time: 1, Arrival: 1}); err != nil {
		t.Fatal(err)
	}
	sleeping.awake = true
	for _, id := range []string{"a", "nobody"} {
		if err := d.Evaluate(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	want := []Change{{Segment: "all", Profile: "a", Entered: true, At: 1, Version: 1, Cause: CauseTime}}
	if got := d.Changes(); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// asleep is a Matcher that finds nothing until it is awake.
type asleep struct {
	Matcher
	awake bool
}

func (a *asleep) Full(p *profile.Profile, now int64) []rules.Flip {
	if !a.awake {
		return nil
	}
	return a.Matcher.Full(p, now)
}

func (a *asleep) Deadline(p *profile.Profile, now int64) int64 {
	if !a.awake {
		return 0
	}
	return a.Matcher.Deadline(p, now)
}
