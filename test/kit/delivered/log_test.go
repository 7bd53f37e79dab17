package delivered_test

import (
	"maps"
	"testing"

	"muster/test/kit/delivered"
	"muster/test/kit/oracle"
)

func change(profile string, version uint64, entered bool) oracle.Change {
	return oracle.Change{Profile: profile, Segment: "vip", Version: version, Entered: entered, At: 1, Cause: "event"}
}

// TestCompare has each thing that can be wrong found, and nothing else.
func TestCompare(t *testing.T) {
	in, out, again := change("a", 1, true), change("a", 2, false), change("a", 3, true)
	outbox := []oracle.Change{in, out, again, change("b", 1, true)}
	all := func(l *delivered.Log) {
		for i, c := range outbox {
			l.Take(string(rune('0'+i)), "body", c)
		}
	}
	for name, c := range map[string]struct {
		tell func(l *delivered.Log)
		want delivered.Tally
	}{
		"all":           {all, delivered.Tally{Messages: 4, Changes: 4}},
		"repeats":       {func(l *delivered.Log) { all(l); all(l) }, delivered.Tally{Messages: 8, Changes: 4, Repeats: 4}},
		"another id":    {func(l *delivered.Log) { all(l); l.Take("9", "body", in) }, delivered.Tally{Messages: 5, Changes: 4, Repeats: 1, OtherID: 1}},
		"another body":  {func(l *delivered.Log) { all(l); l.Take("0", "x", in) }, delivered.Tally{Messages: 5, Changes: 4, Repeats: 1, OtherBody: 1}},
		"what is not":   {func(l *delivered.Log) { all(l); l.Take("9", "x", change("c", 1, true)) }, delivered.Tally{Messages: 5, Changes: 5, Unknown: 1}},
		"the last lost": {func(l *delivered.Log) { l.Take("0", "x", in, out, outbox[3]) }, delivered.Tally{Messages: 1, Changes: 3, Missing: 1, Diverged: 1}},
		"turned round":  {func(l *delivered.Log) { l.Take("0", "x", in, again, out, outbox[3]) }, delivered.Tally{Messages: 1, Changes: 4, Inverted: 1}},
	} {
		l := delivered.New()
		c.tell(l)
		if lacks := l.Lacks(outbox) != nil; lacks != (c.want.Missing > 0) {
			t.Errorf("%s: lacking is %t", name, lacks)
		}
		if got, problems := l.Compare(outbox); got != c.want || (len(problems) > 0) != (got.Wrong() > 0) {
			t.Errorf("%s: got %+v, want %+v; %q", name, got, c.want, problems)
		}
	}
}

// What a run names counts from its beginning on, each stream by itself, and
// nothing from before.
func TestReconciled(t *testing.T) {
	part := func(number int, ended bool) delivered.Item {
		return delivered.Item{Run: "r", Part: &delivered.Part{Number: number, Of: 2, Ended: ended}}
	}
	named := func(profile string, version uint64) delivered.Item {
		return delivered.Item{Run: "r", Change: change(profile, version, true)}
	}
	l := delivered.New()
	if _, err := l.Reconciled("r"); err == nil {
		t.Error("a run that nothing was heard of is done")
	}
	told := []delivered.Item{
		{Change: change("never", 9, true)}, part(1, false), {Change: change("left", 4, true)}, part(2, false), named("stays", 3),
		{Change: change("left", 5, false)}, named("left", 4), part(2, true), part(1, true), {Change: change("later", 1, true)},
	}
	for i, item := range told {
		_, err := l.Reconciled("r")
		if done := i > 8; (err == nil) != done {
			t.Errorf("before item %d the run is done: %t, want %t", i, err == nil, done)
		}
		l.Tell(0, string(rune('a'+i)), "body", []delivered.Item{item})
	}
	got, err := l.Reconciled("r")
	if want := map[delivered.Membership]uint64{{Profile: "stays", Segment: "vip"}: 3, {Profile: "later", Segment: "vip"}: 1}; err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	l.Tell(1, "z", "body", []delivered.Item{{Change: change("elsewhere", 1, true)}})
	if _, err := l.Reconciled("r"); err == nil {
		t.Error("a stream that the run has not come to is passed over")
	}
}
