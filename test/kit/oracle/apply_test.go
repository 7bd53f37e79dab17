package oracle

import (
	"slices"
	"testing"
	"unsafe"

	"muster/event"
)

// A messageId is remembered for 24 hours of stream time, per profile.
func TestDuplicates(t *testing.T) {
	start := before("10d")
	count := func(want int, events ...event.Event) {
		t.Helper()
		o, err := New(map[string]string{"s": `count(events("A")) == ` + string(rune('0'+want))})
		if err != nil {
			t.Fatal(err)
		}
		for i := range events {
			o.Apply(&events[i])
		}
		if !o.In("s", "p") {
			t.Errorf("the history does not hold %d events", want)
		}
	}
	first := marked(track(start, "A", `{}`), "m")
	count(1, first, marked(track(start+day-1, "A", `{}`), "m"))
	count(2, first, marked(track(start+day, "A", `{}`), "m"))
	count(2, first, marked(track(start+1, "A", `{}`), "n"))
	count(2, track(start, "A", `{}`), track(start, "A", `{}`))
	count(1, of(first, "q"), marked(track(start, "A", `{}`), "m"))
	// A dropped repeat does not extend the memory of the first.
	count(2, first, marked(track(start+day-1, "A", `{}`), "m"), marked(track(start+day, "A", `{}`), "m"))
	// Stream time counts, not the arrival of a record that came late to the log.
	count(2, first, of(track(start+day, "A", `{}`), "q"), marked(track(start+1, "A", `{}`), "m"))
	// A repeat is one whatever its type and content.
	count(1, first, marked(identify(start+1, `{"a":1}`), "m"))
}

func TestStreamTime(t *testing.T) {
	o, err := New(map[string]string{"s": `true`, "seen": `profile.last_seen < ago("1h")`})
	if err != nil {
		t.Fatal(err)
	}
	late, repeat := track(before("2d"), "A", `{}`), marked(track(before("1h"), "A", `{}`), "m")
	for _, e := range []event.Event{marked(track(before("1d")+1, "A", `{}`), "m"), late, repeat} {
		o.Apply(&e)
	}
	if o.Clock() != before("1h") {
		t.Errorf("clock %d: the highest arrival counts, that of a dropped repeat too, want %d", o.Clock(), before("1h"))
	}
	o.Advance(before("2h"))
	if o.Clock() != before("1h") {
		t.Error("stream time moved back")
	}
	if !o.In("seen", "p") || !o.InAt("seen", "p", ms(noon)) {
		t.Error("a dropped repeat must not count as seen")
	}
}

// A profile exists from its first event of any type on.
func TestExistence(t *testing.T) {
	for kind := event.Track; kind <= event.Alias; kind++ {
		o, err := New(map[string]string{"all": `true`, "gone": `traits.x == nil`})
		if err != nil {
			t.Fatal(err)
		}
		if o.In("all", "p") || len(o.Profiles()) != 0 || len(o.Memberships("p", 0)) != 0 {
			t.Error("a profile that does not exist is in no segment")
		}
		e := event.Event{Type: kind, Profile: "p", Time: 1, Arrival: 1}
		o.Apply(&e)
		if got := o.Members("all"); !slices.Equal(got, []string{"p"}) {
			t.Errorf("type %d: members %v", kind, got)
		}
		if got := o.Memberships("p", 1); !slices.Equal(got, []string{"all", "gone"}) {
			t.Errorf("type %d: memberships %v", kind, got)
		}
	}
}

// A segment sees those it mentions at the same instant, in any order of ids.
func TestSegmentsOfSegments(t *testing.T) {
	o, err := New(map[string]string{
		"a": `segment("b") and not segment("c")`, "b": `segment("d") or traits.x == 1`, "c": `traits.x == 2`, "d": `traits.x == 3`,
	})
	if err != nil {
		t.Fatal(err)
	}
	for profile, traits := range map[string]string{"1": `{"x":1}`, "2": `{"x":2}`, "3": `{"x":3}`} {
		e := of(identify(1, traits), profile)
		o.Apply(&e)
	}
	for segment, want := range map[string][]string{"a": {"1", "3"}, "b": {"1", "3"}, "c": {"2"}, "d": {"3"}} {
		if got := o.Members(segment); !slices.Equal(got, want) {
			t.Errorf("segment %s has %v, want %v", segment, got, want)
		}
	}
}

// Golden values are of an implementation of MurmurHash3_x64_128 in another
// language.
func TestBucket(t *testing.T) {
	if got := bucketOf("salt", "p"); got != 55.62 {
		t.Errorf("bucket %v", got)
	}
	if got := bucketOf("holdout-2026", "user-000000000042"); got != 46.17 {
		t.Errorf("bucket %v", got)
	}
}

func TestRefusals(t *testing.T) {
	for _, rule := range []string{
		``, `(`, `plan == "pro"`, `traits.`, `unknown(1)`, `$env`, `$isTrue(1)`, `profile.age > 1`, `events("a*b")`, `count(events("*a"))`,
		`count(events("**"))`, `count(events(traits.x))`, `count(events("A", "30"))`, `count(events("A", "0d"))`, `count(events("A", "-1d"))`,
		`count(events("A", "1.5d"))`, `count(events("A", "1y"))`, `count(events("A", "d"))`, `count(events("A", since("soon")))`, `count(events("A", before("1d")))`,
		`count(events())`, `count(events("A", "4d", "3d", "2d"))`, `traits.x matches traits.y`, `traits.x matches "("`, `traits.x in 1..traits.y`,
		`traits.x in 1.5..2`, `1..5 == traits.x`, `traits.tags[0] == 1`, `traits.tags[0:1] == 1`, `{a: 1} == 1`, `traits.x.y()`, `date("soon") < now()`,
		`ago(5) < now()`, `bucket(traits.x) < 1`, `segment("nope")`, `segment("s")`, `any(traits.x)`, `mean(1, 2) > 1`, `trim("a", "b") == "a"`,
		`find(traits.x, true) == 1`, `sortBy(traits.x, #) == 1`, `repeat("a", 5) == "a"`, `any(traits.x, #index > 1)`, `now(1) > 5`, `true; false`,
		`held(true)`, `held(true, "7")`, `held(true, 7)`, `held(unknown, "7d")`, `abandoned(events("A"), "1h")`, `abandoned(events("A"), events("B"), "x")`,
		`sequence("1h", events("A"))`, `sequence(events("A"), events("B"), "1h")`, `held(segment("s"), "1d")`, `.price > 5`, `since("2026-11-01")`,
	} {
		if _, err := New(map[string]string{"s": rule}); err == nil {
			t.Errorf("accepted: %s", rule)
		}
	}
	if _, err := New(map[string]string{"a": `segment("b")`, "b": `segment("c")`, "c": `not segment("a")`}); err == nil {
		t.Error("accepted a cycle")
	}
}

// Nothing of an event may be kept but copies: its strings die with the
// arena of the decoder.
func TestArena(t *testing.T) {
	arena := []byte("padmkab")
	text := func(i int) string { return unsafe.String(&arena[i], 1) }
	o, err := New(map[string]string{"s": `count(events("a"), .k == "b") == 1 and traits.k == "b" and profile.groups == ["d"] and profile.id == "p"`})
	if err != nil {
		t.Fatal(err)
	}
	fields := event.ObjectOf([]event.Value{event.StringOf(text(4)), event.StringOf(text(6))})
	for _, e := range []event.Event{
		{Type: event.Track, Name: text(5), MessageID: text(3), Body: fields},
		{Type: event.Identify, Body: fields},
		{Type: event.Group, GroupID: text(2)},
	} {
		e.Profile = text(0)
		o.Apply(&e)
	}
	for i := range arena {
		arena[i] = '!'
	}
	repeat := event.Event{Type: event.Track, Profile: "p", Name: "a", MessageID: "m"}
	if o.Apply(&repeat) || !o.In("s", "p") {
		t.Error("the oracle still uses the arena")
	}
}
