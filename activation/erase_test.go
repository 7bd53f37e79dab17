package activation

import (
	"reflect"
	"testing"
	"time"
)

// TestWithout takes a profile out of messages: others stay, with what is known
// of the message but why it was not taken.
func TestWithout(t *testing.T) {
	gone := func(id string, version uint64) bool { return id == "ann" && version < 7 }
	ann, bob := Change{Number: 1, Profile: "ann", Segment: "vip"}, Change{Number: 2, Profile: "bob\xff", Segment: "vip", Run: "r"}
	boundary := Change{Number: -3, Run: "r", Part: &Part{}}
	back := Change{Number: 5, Profile: "ann", Segment: "vip", Version: 7}
	named := ann
	named.Run = "r"
	for name, test := range map[string]struct {
		of   parcel
		left []Change
		rest Rest
	}{
		"of others":          {parcel{number: 2, changes: []Change{bob}, reason: "busy"}, []Change{bob}, Rest{}},
		"of it alone":        {parcel{number: 1, changes: []Change{ann}}, nil, Rest{Named: true, Taken: 1}},
		"that a run awaits":  {parcel{number: 1, changes: []Change{named, named}, owed: true}, nil, Rest{Named: true, Taken: 2, Run: "r"}},
		"of both":            {parcel{number: 1, changes: []Change{ann, bob, ann}, reason: "no ann", failed: 3}, []Change{bob}, Rest{Named: true, Taken: 2}},
		"of who came back":   {parcel{number: 1, changes: []Change{ann, back}}, []Change{back}, Rest{Named: true, Taken: 1}},
		"that bounds a part": {parcel{number: -3, changes: []Change{boundary}, owed: true}, []Change{boundary}, Rest{}},
	} {
		text, err := test.of.encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := Without(text, gone)
		if err != nil || got.Named != test.rest.Named || got.Taken != test.rest.Taken || got.Run != test.rest.Run || (got.Text == nil) != (test.left == nil) {
			t.Fatalf("%s: %+v, %v", name, got, err)
		}
		if got.Text == nil {
			continue
		}
		p, err := decode(Waiting{test.of.number, got.Text})
		if err != nil || !reflect.DeepEqual(p.changes, test.left) || p.failed != test.of.failed || got.Named && p.reason != "" {
			t.Errorf("%s: left is %+v, %v", name, p, err)
		}
	}
	if _, err := Without([]byte("damaged"), gone); err == nil {
		t.Error("a damaged message was read")
	}
}

// What was passed is saved after a while, with no more changes and with some:
// an erasure waits for it.
func TestPassingIsSavedInTheEnd(t *testing.T) {
	now := time.Unix(1000, 0)
	c := &courier{now: func() time.Time { return now }, saved: 3}
	if c.overdue() {
		t.Error("nothing was passed")
	}
	if err := c.pass(t.Context(), Change{Number: 4}); err != nil || c.overdue() {
		t.Errorf("at once: %t, %v", c.overdue(), err)
	}
	now = now.Add(passedEvery)
	if !c.overdue() {
		t.Error("not after a while")
	}
}
