package pipeline_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"muster/event"
	"muster/pipeline"
	"muster/pipeline/memory"
	"muster/rules"
	"muster/test/kit/generate"
)

// life is a driver and its store, and what it has committed.
type life struct {
	t       *testing.T
	store   *memory.Store
	driver  *pipeline.Driver
	next    int64
	commits []*pipeline.Commit
}

func newLife(t *testing.T, set *rules.Set) *life {
	l := &life{t: t, store: memory.New()}
	l.restart(set)
	return l
}

// restart goes on as another process with other rules would.
func (l *life) restart(set *rules.Set) {
	l.t.Helper()
	state, err := l.store.Open(l.t.Context(), 0)
	if err != nil {
		l.t.Fatal(err)
	}
	config := pipeline.Default()
	config.CacheBytes = 0
	l.driver = pipeline.NewDriver(set, config, state, l)
}

// swap goes on with other rules in place.
func (l *life) swap(set *rules.Set) {
	l.t.Helper()
	if err := l.driver.Swap(set); err != nil {
		l.t.Fatal(err)
	}
}

func (l *life) apply(ev *event.Event) {
	l.t.Helper()
	if _, err := l.driver.Apply(l.t.Context(), ev); err != nil {
		l.t.Fatal(err)
	}
	l.next++
}

func (l *life) commit() {
	l.t.Helper()
	if err := l.driver.Commit(l.t.Context(), l.next); err != nil {
		l.t.Fatal(err)
	}
}

// Load implements pipeline.Port.
func (l *life) Load(ctx context.Context, ids []string) ([]string, error) {
	return l.store.Load(ctx, 0, ids)
}

// Commit implements pipeline.Port.
func (l *life) Commit(ctx context.Context, c *pipeline.Commit) error {
	kept := *c
	kept.Epoch, kept.Changes, kept.Reach = 0, slices.Clone(c.Changes), slices.Clone(c.Reach) // every restart has another epoch
	kept.Profiles = slices.Clone(c.Profiles)
	for i := range kept.Profiles {
		kept.Profiles[i].Blob, kept.Profiles[i].Tail = slices.Clone(kept.Profiles[i].Blob), slices.Clone(kept.Profiles[i].Tail)
	}
	l.commits = append(l.commits, &kept)
	return l.store.Commit(ctx, 0, c)
}

// ruleSets draws rule sets each of which shares ids and rules with the one before.
func ruleSets(t *testing.T, r *rand.Rand, n int) []*rules.Set {
	t.Helper()
	var sets []*rules.Set
	before := map[string]string{}
	for range n {
		var ids []string
		for i := range 16 {
			if r.IntN(3) > 0 {
				ids = append(ids, fmt.Sprintf("s%02d", i))
			}
		}
		texts := generate.Set(r, ids)
		var segments []rules.Segment
		for _, id := range ids {
			if old := before[id]; old != "" && !strings.Contains(old, "segment(") && r.IntN(2) == 0 {
				texts[id] = old
			}
			one := rules.NewSegment(id, texts[id])
			one.Members = r.IntN(4) > 0
			segments = append(segments, one)
		}
		sets, before = append(sets, compile(t, segments)), texts
	}
	return sets
}

// TestSwapIsARestart proves that swapping rules in place commits, byte for
// byte, what stopping and starting with the other rules does: in the middle
// of a stream, several times, twice without a commit between, back and
// forth, and to the same rules.
func TestSwapIsARestart(t *testing.T) {
	profiles := []string{"a", "b", "c", "d", "e"}
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 7))
		sets := ruleSets(t, r, 4)
		restarted, swapped := newLife(t, sets[0]), newLife(t, sets[0])
		clock, changes, generations := generate.Start, 0, map[uint64]bool{}
		for range 60 {
			for range 1 + r.IntN(6) {
				ev := generate.Event(r, profiles, clock)
				clock = max(clock, ev.Arrival)
				restarted.apply(&ev)
				swapped.apply(&ev)
			}
			restarted.commit()
			swapped.commit()
			if len(swapped.commits) < 8 { // so that the first rules keep something
				continue
			}
			for range r.IntN(3) * r.IntN(2) {
				set := sets[r.IntN(len(sets))]
				restarted.restart(set)
				swapped.swap(set)
			}
		}
		for i, want := range restarted.commits {
			if got, want := fmt.Sprintf("%+v", swapped.commits[i]), fmt.Sprintf("%+v", want); got != want {
				t.Fatalf("seed %d, commit %d:\n%s\nafter restarting\n%s", seed, i, got, want)
			}
			changes += len(want.Changes)
			generations[want.Generation] = true
		}
		expectVersions(t, swapped.store.Outbox(0))
		if changes == 0 || len(generations) < 3 {
			t.Errorf("seed %d: %d changes under %d rule sets prove nothing", seed, changes, len(generations))
		}
	}
}

// expectVersions demands that each profile's versions are 1, 2, 3, ...
func expectVersions(t *testing.T, changes []pipeline.Change) {
	t.Helper()
	versions := map[string]uint64{}
	for i, c := range changes {
		if versions[c.Profile]++; c.Version != versions[c.Profile] {
			t.Fatalf("change %d has version %d, the profile's next is %d: %+v", i, c.Version, versions[c.Profile], c)
		}
	}
}

// happened is an event that the rules of a test look at.
func happened(message string, at int64) *event.Event {
	return &event.Event{Type: event.Track, Name: "A", Profile: "a", MessageID: message, Time: at, Arrival: at}
}

// A profile that is only looked at under rules that keep less of it still
// has the rest for the rules after them.
func TestSwapForgetsNothingOfUntouchedProfiles(t *testing.T) {
	const at = generate.Start
	twice := compile(t, []rules.Segment{rules.NewSegment("twice", `count(events("A")) >= 2`)})
	pro := compile(t, []rules.Segment{rules.NewSegment("pro", `traits.plan == "pro"`)})
	l := newLife(t, twice)
	l.apply(happened("m1", at))
	l.commit()
	l.swap(pro)
	l.apply(happened("m1", at+1)) // a repeat loads the profile and changes nothing
	l.commit()
	l.swap(twice)
	l.apply(happened("m2", at+2))
	l.commit()
	if got := l.store.Members("twice"); !slices.Equal(got, []string{"a"}) {
		t.Errorf("the members are %q", got)
	}
	if got := l.commits[2]; got.Generation != 3 || got.Rules != twice.Fingerprint() {
		t.Errorf("the commit is of generation %d", got.Generation)
	}
}

func TestSwapWaitsForTheCommit(t *testing.T) {
	set := compile(t, []rules.Segment{rules.NewSegment("any", `profile.id != ""`)})
	l := newLife(t, set)
	l.apply(happened("m1", generate.Start))
	if err := l.driver.Swap(set); err == nil || !strings.Contains(err.Error(), "1 profiles are not committed") {
		t.Errorf("swapping with a profile pending: %v", err)
	}
	l.commit()
	l.swap(set)
	if l.driver.Profile("a") != nil {
		t.Error("a profile of the rules before is in memory")
	}
	l.apply(happened("m2", generate.Start+1))
	l.commit()
	if got := l.commits[1].Generation; got != 1 {
		t.Errorf("the same rules again are generation %d", got)
	}
}

// TestContextOfALaterRule reads a path of the profile's context that no rule
// read before: it is known from the next call on that tells it, which a mark
// says. Traits of groups are known whatever the rules were.
func TestContextOfALaterRule(t *testing.T) {
	one := rules.NewSegment
	os := one("linux", `context.os.name == "linux"`)
	both := compile(t, []rules.Segment{os, one("mobile", `context.device.type == "mobile"`), one("pro", `any(groups, .plan == "pro")`)})
	l := newLife(t, compile(t, []rules.Segment{os}))
	text := event.StringOf
	object := func(pairs ...event.Value) event.Value { return event.ObjectOf(pairs) }
	said := object(text("os"), object(text("name"), text("linux")), text("device"), object(text("type"), text("mobile")))
	at := generate.Start
	group := event.Event{Type: event.Group, Profile: "u", GroupID: "acme", Time: at, Arrival: at, Body: object(text("plan"), text("pro")), Context: said}
	l.apply(&group)
	l.commit()
	l.swap(both)
	touched := event.Event{Type: event.Track, Profile: "u", Name: "A", Time: at + 1, Arrival: at + 1}
	l.apply(&touched)
	l.commit()
	for segment, want := range map[string]int{"linux": 1, "pro": 1, "mobile": 0} {
		if got := l.store.Members(segment); len(got) != want {
			t.Errorf("after the swap the members of %s are %q", segment, got)
		}
	}
	if got := l.driver.Marks(); len(got) != 1 || got[0].Segment != "mobile" || got[0].Since != at {
		t.Errorf("marks %+v", got)
	}
	tells := event.Event{Type: event.Identify, Profile: "u", Time: at + 2, Arrival: at + 2, Context: said}
	l.apply(&tells)
	l.commit()
	if got := l.store.Members("mobile"); len(got) != 1 {
		t.Errorf("after the next call the members are %q", got)
	}
}
