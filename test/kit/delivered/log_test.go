package delivered_test

import (
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
