package pipeline

import (
	"testing"

	"muster/directive"
	"muster/event"
)

// A commit says of a profile's tail that it has changed when a trait was
// written, when the profile was stored in a form without tails, and when it was
// erased and came back without traits.
func TestTailsAreToldWhenTheyChange(t *testing.T) {
	e := newErasures(t)
	e.port.blobs["old"] = "\x02\x02\x02\x01\x01\x00\x00\x00\x00\x01\x03vip\x02\x02\x00\x00" // format 2, in no segment
	told := func(d *Driver, events ...event.Event) {
		t.Helper()
		for i := range events {
			if _, err := d.Apply(t.Context(), &events[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	of := func(kind event.Type, id string, at int64) event.Event {
		ev := event.Event{Type: kind, Profile: id, Name: "Bought", Time: at, Arrival: at}
		if kind == event.Identify {
			ev.Name, ev.Body = "", event.ObjectOf([]event.Value{event.StringOf("vip"), event.BoolOf(true)})
		}
		return ev
	}
	erase := func(d *Driver, id string, at int64) {
		t.Helper()
		refusal, err := d.Direct(t.Context(), &directive.Directive{Kind: directive.Erase, Run: "one", Profile: id, Until: at}, at)
		if err != nil || refusal != "" {
			t.Fatalf("%s, %v", refusal, err)
		}
	}
	for _, one := range []struct {
		what          string
		do            func(d *Driver)
		tail, changed bool
	}{
		{"a new profile without traits", func(d *Driver) { told(d, of(event.Track, "ann", 1)) }, false, false},
		{"its first trait", func(d *Driver) { told(d, of(event.Identify, "ann", 2)) }, true, true},
		{"another event", func(d *Driver) { told(d, of(event.Track, "ann", 3)) }, true, false},
		{"both in one batch", func(d *Driver) { told(d, of(event.Identify, "ann", 4), of(event.Track, "ann", 5)) }, true, true},
		{"a second batch of one driver", func(d *Driver) {
			told(d, of(event.Identify, "ann", 6))
			if err := d.Commit(t.Context(), e.port.state.Next+1); err != nil || !e.port.last.Profiles[0].TailChanged {
				t.Fatal(err)
			}
			told(d, of(event.Track, "ann", 7))
		}, true, false},
		{"an older form", func(d *Driver) { told(d, of(event.Track, "old", 8)) }, true, true},
		{"the newer form of it", func(d *Driver) { told(d, of(event.Track, "old", 9)) }, true, false},
		{"erased and back without traits", func(d *Driver) {
			erase(d, "ann", 10)
			told(d, of(event.Track, "ann", 11))
		}, false, true},
		{"another event of it", func(d *Driver) { told(d, of(event.Track, "ann", 12)) }, false, false},
		{"erased and back with traits", func(d *Driver) {
			erase(d, "old", 13)
			told(d, of(event.Identify, "old", 14))
		}, true, true},
	} {
		c := e.step(func(d *Driver) error { one.do(d); return nil })
		if len(c.Profiles) != 1 {
			t.Fatalf("%s: %d profiles are written", one.what, len(c.Profiles))
		}
		if w := &c.Profiles[0]; w.Gone || len(w.Tail) > 0 != one.tail || w.TailChanged != one.changed {
			t.Errorf("%s: a tail of %d bytes, changed %v", one.what, len(w.Tail), w.TailChanged)
		}
	}
}
