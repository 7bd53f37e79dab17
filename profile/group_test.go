package profile

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"muster/event"
)

func group(at int64, id string, traits event.Value) event.Event {
	return event.Event{Type: event.Group, Profile: "p", GroupID: id, Time: at, Arrival: at, Body: traits}
}

func sameGroup(a, b Group) bool { return a.Object().Equal(b.Object()) }

// TestGroupTraits tells of groups in any order: the newest write of each
// trait counts, as for the profile's own.
func TestGroupTraits(t *testing.T) {
	schema, cfg := everySeries(1000), Default()
	text := event.StringOf
	events := []event.Event{
		group(start+1, "acme", object("plan", text("free"), "address", object("city", text("Bonn")))),
		group(start+2, "acme", object("plan", text("pro"), "seats", event.NumberOf(5))),
		group(start+3, "acme", object("seats", event.Value{}, "id", text("own"), "group_id", text("odd"))),
		group(start+4, "bolt", event.Value{}),
	}
	want := []event.Value{
		object("group_id", text("acme"), "id", text("own"), "plan", text("pro"), "address", object("city", text("Bonn"))),
		object("group_id", text("bolt"), "id", text("bolt")),
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		p, codec := New("p"), codecOf(schema)
		for i := range events {
			if changed := apply(t, p, schema, cfg, events[i]); !changed.Groups && events[i].GroupID == "bolt" {
				t.Error("a joined group is no change")
			}
			if r.IntN(2) == 0 {
				p = decoded(t, codec, p, start)
			}
		}
		for i := range want {
			if got := p.Groups[i].Object(); !got.Equal(want[i]) {
				t.Fatalf("got %v, want %v", got, want[i])
			}
		}
	}
}

// TestGroupTraitsBound refuses a call whose traits would pass the bound, and
// leaves the profile as it was; what replaces others is within it.
func TestGroupTraitsBound(t *testing.T) {
	schema, cfg := everySeries(1000), Default()
	cfg.GroupTraits = 3
	p, one := New("p"), event.NumberOf(1)
	put := func(id string, traits event.Value) Outcome {
		ev := group(start, id, traits)
		var changed Changed
		return p.Apply(schema, &cfg, &ev, start, &changed)
	}
	if put("a", object("x", one, "y", one)) != Applied || put("b", object("x", one)) != Applied || put("b", object("x", event.NumberOf(2))) != Applied {
		t.Fatal("traits within the bound were refused")
	}
	before := blobOf(p, schema)
	for _, o := range []Outcome{put("b", object("y", one)), put("c", object("x", one)), put("a", object("x", one, "z", one))} {
		if o != GroupTraitsFull || blobOf(p, schema) != before {
			t.Errorf("outcome %d, groups %v", o, p.Groups)
		}
	}
	if reason := GroupTraitsFull.Reason(&cfg); !strings.Contains(reason, "more than 3 traits") {
		t.Error(reason)
	}
	if put("c", event.Value{}) != Applied || len(p.Groups) != 3 {
		t.Error("a group without traits was refused")
	}
}

// TestMalformedGroups refuses groups that no profile has: out of order, and
// twice.
func TestMalformedGroups(t *testing.T) {
	schema := everySeries(1000)
	codec, p := codecOf(schema), New("p")
	for _, id := range []string{"ab", "cd"} {
		apply(t, p, schema, Default(), group(start, id, object("xy", event.BoolOf(true))))
	}
	blob := string(codec.Append(nil, p, start))
	for _, wrong := range [][2]string{{"cd", "aa"}, {"cd", "ab"}, {"xy", "\x01y"}} {
		if _, err := codec.Decode("p", strings.Replace(blob, wrong[0], wrong[1], 1)); err == nil {
			t.Errorf("%q in place of %q was read", wrong[1], wrong[0])
		}
	}
}

// TestContextIsOfEveryCall keeps the newest value of a path, whatever call
// brings it, by event time; one that is too long is passed over.
func TestContextIsOfEveryCall(t *testing.T) {
	path := func(ev *event.Event) event.Value { return ev.Context.Get("ip") }
	schema := NewSchema(nil, []Series{
		{Key: "context|ip", Calls: true, Keep: KeepTotalLast, Project: path, Where: func(ev *event.Event) bool { return !path(ev).IsMissing() }},
		{Key: "any", Prefix: true, Keep: KeepTotalCount},
	})
	cfg := Default()
	cfg.ContextBytes = 16
	p := New("p")
	types := []event.Type{event.Track, event.Page, event.Screen, event.Identify, event.Group, event.Alias}
	ip := func() string { return p.Read(schema, Query{Reduce: ReduceLast}, start).Text() }
	for i, of := range types {
		ev := event.Event{Type: of, Profile: "p", GroupID: "g", Time: start + int64(10*i), Arrival: start + 1000, Context: object("ip", event.StringOf(fmt.Sprint(i)))}
		if changed := apply(t, p, schema, cfg, ev); ip() != fmt.Sprint(i) || !slices.Contains(changed.Series, 0) {
			t.Errorf("type %d: the ip is %q, changed %v", of, ip(), changed.Series)
		}
	}
	before := ip()
	for _, late := range []event.Event{
		{Type: event.Track, Name: "A", Time: start, Arrival: start + 1001, Context: object("ip", event.StringOf("late"))},
		{Type: event.Track, Name: "A", Time: start + 500, Arrival: start + 1001, Context: object("os", event.StringOf("x"))},
		{Type: event.Identify, Time: start + 500, Arrival: start + 1001, Context: object("ip", event.StringOf("more than sixteen bytes"))},
		{Type: event.Identify, Time: start + 500, Arrival: start + 1001},
	} {
		if changed := apply(t, p, schema, cfg, late); ip() != before || slices.Contains(changed.Series, 0) {
			t.Errorf("the ip is %q, changed %v", ip(), changed.Series)
		}
	}
	if got := p.Read(schema, Query{Series: 1, Reduce: ReduceCount}, start).Number(); got != 5 {
		t.Errorf("%v events, of which identify, group and alias are none", got)
	}
	p = decoded(t, codecOf(schema), p, start)
	if ip() != before {
		t.Errorf("stored, the ip is %q", ip())
	}
}
