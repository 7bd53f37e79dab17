package activation

import "testing"

var someSegments = []string{"churn-early", "churn-late", "lapsed", "vip", "vip-paused"}

func TestWants(t *testing.T) {
	for _, c := range []struct {
		entries []string
		wants   map[string]bool
	}{
		{[]string{"all"}, map[string]bool{"vip": true, "tomorrow": true}},
		{[]string{"vip"}, map[string]bool{"vip": true, "vip-paused": false, "all": false}},
		{[]string{"vip", "churn-*"}, map[string]bool{"vip": true, "churn-late": true, "churn-new": true, "churn": false, "lapsed": false}},
		{[]string{"vip?paused", "[a-l]*"}, map[string]bool{"vip-paused": true, "vip": false, "lapsed": true, "late": true}},
		{[]string{"vip-[a"}, map[string]bool{"vip-a": false}},
		{nil, map[string]bool{"vip": false}},
	} {
		d := Destination{Name: "crm", Segments: c.entries}
		ask := func(when string) {
			for segment, want := range c.wants {
				if got := d.Wants(segment); got != want {
					t.Errorf("%s: %q wants %s: %v", when, c.entries, segment, got)
				}
			}
		}
		ask("as made")
		d.choice = choose(c.entries)
		ask("as read")
		resolved := []Destination{d}
		if err := Resolve(resolved, someSegments); (err != nil) != (len(c.entries) == 1 && c.entries[0] == "vip-[a") {
			t.Errorf("%q: %v", c.entries, err)
		}
		d = resolved[0]
		ask("resolved")
	}
}

func TestResolve(t *testing.T) {
	text := "destinations:\n  - name: crm\n    webhook: {url: x}\n    segments:\n    - vip\n    - vipp\n    - \"chrun-*\"\n    - \"lap*\"\n    - blue\n"
	file := write(t, t.TempDir(), "d.yaml", text)
	read, err := Read(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := file + ":6:7: destination crm: there is no segment vipp\n    hint: did you mean vip?\n" +
		file + ":7:7: destination crm: no segment fits the pattern \"chrun-*\"\n    hint: did you mean churn-early or churn-late?\n" +
		file + ":9:7: destination crm: there is no segment blue\n    hint: there are churn-early, churn-late, lapsed and 2 more"
	if err := Resolve(read, someSegments); err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if err := Resolve(read, []string{"vip", "vipp", "chrun-1", "lapsed", "blue"}); err != nil {
		t.Errorf("all are there: %v", err)
	}
	if !read[0].Wants("chrun-1") || read[0].Wants("churn-early") {
		t.Error("it does not want what it was resolved with")
	}
	if err := Resolve([]Destination{{Name: "crm", Segments: []string{"vip"}}}, nil); err == nil ||
		err.Error() != "destination crm: there is no segment vip\n    hint: there are no segments yet; take it out, or add the segment" {
		t.Errorf("of no file: %v", err)
	}
	if err := Resolve([]Destination{{Segments: []string{"vip"}}}, []string{"churn"}); err == nil ||
		err.Error() != "there is no segment vip\n    hint: there are churn" {
		t.Errorf("of no name: %v", err)
	}
	if err := Resolve([]Destination{{Segments: []string{"all"}}}, nil); err != nil {
		t.Errorf("all of none: %v", err)
	}
}

// TestWantsIsOneLookup: it is asked for each change, so patterns are compared
// when the segments are known, and asking takes no memory.
func TestWantsIsOneLookup(t *testing.T) {
	d := []Destination{{Segments: []string{"vip", "churn-*"}}}
	if err := Resolve(d, someSegments); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { d[0].Wants("churn-late"); d[0].Wants("lapsed") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	d[0].choice.patterns = nil
	if !d[0].Wants("churn-late") {
		t.Error("a pattern was compared again")
	}
}
