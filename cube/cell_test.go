package cube

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"muster/event"
	"muster/hyperloglog"
	"muster/profile"
)

func hashOf(i int) uint64 { return hyperloglog.Hash(fmt.Appendf(nil, "u%d", i)) }

// However a set of events is cut into cells, and in whatever order these are
// merged and stored on the way, the cell of all is the same. Up to Exact
// profiles it counts them.
func TestCellsMergeInAnyOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 4))
	for _, profiles := range []int{0, 1, 50, Exact - 1, Exact, Exact + 1, 500, 5000, 40_000} {
		var whole Cell
		parts := make([]Cell, 1+r.IntN(20))
		for range 2 * profiles {
			one := Cell{Events: 1, Counts: []uint64{uint64(r.IntN(2))}}
			one.Crowd.Add(hashOf(r.IntN(profiles)))
			whole.Merge(&one)
			parts[r.IntN(len(parts))].Merge(&one)
		}
		want := whole.Append(nil)
		var merged Cell
		for _, i := range r.Perm(len(parts)) {
			if i%2 == 0 {
				merged.Merge(&parts[i])
				continue
			}
			rest, err := merged.MergeForm(append(parts[i].Append(nil), 7))
			if err != nil || len(rest) != 1 {
				t.Fatalf("%d profiles: %v, %d bytes behind", profiles, err, len(rest))
			}
		}
		if got := merged.Append(nil); !bytes.Equal(got, want) {
			t.Errorf("%d profiles: %d bytes, want %d", profiles, len(got), len(want))
		}
	}
}

// TestCrowdCounts: exactly up to Exact, and then within 2 % in the median.
func TestCrowdCounts(t *testing.T) {
	for n := range Exact + 1 {
		var c Crowd
		for i := range 3 * n {
			c.Add(hashOf(i % n))
		}
		if got, exact := c.Count(); got != int64(n) || !exact {
			t.Errorf("%d profiles: %d, exact %t", n, got, exact)
		}
	}
	var errs []float64
	for trial := range 60 {
		var c Crowd
		n := 200 << (trial % 9)
		for i := range n {
			c.Add(hashOf(trial*1_000_000 + i))
		}
		got, exact := c.Count()
		if exact {
			t.Errorf("%d profiles are exact", n)
		}
		errs = append(errs, math.Abs(float64(got)/float64(n)-1))
	}
	if m := median(errs); m > 0.02 {
		t.Errorf("the median error is %.3f", m)
	}
}

func median(of []float64) float64 {
	less := func(x float64) (n int) {
		for _, y := range of {
			if y < x {
				n++
			}
		}
		return n
	}
	for _, x := range of {
		if n := less(x); n <= len(of)/2 && len(of)/2 <= n+1 {
			return x
		}
	}
	return math.NaN()
}

// A stored form that is cut anywhere, or has something behind it, is refused.
func TestBrokenFormsAreRefused(t *testing.T) {
	for _, n := range []int{0, 5, 300, 50_000} {
		c := Cell{Events: 70_000, Counts: []uint64{1, 2}}
		for i := range n {
			c.Crowd.Add(hashOf(i))
		}
		whole := c.Append(nil)
		for cut := 0; cut < len(whole); cut += 1 + len(whole)/50 {
			if _, err := new(Cell).MergeForm(whole[:cut]); err == nil {
				t.Errorf("%d profiles: %d of %d bytes are read", n, cut, len(whole))
			}
		}
		var p Page
		if err := p.Add("a", append(whole, 0)); !IsBroken(err) {
			t.Errorf("what stands behind a cell: %v", err)
		}
	}
}

// The name of a cell gives its values back, and values that differ differ in it.
func TestNamesOfCells(t *testing.T) {
	names := map[string]bool{}
	values := []event.Value{{}, event.BoolOf(true), event.BoolOf(false), event.NumberOf(0), event.NumberOf(-1.5), event.StringOf(""), event.StringOf("ä"), event.StringOf("m")}
	for _, a := range values {
		for _, b := range values {
			name, _ := appendValue(nil, a)
			name, _ = appendValue(name, b)
			got, ok := valuesOf(string(name), 2)
			if !ok || !got[0].Equal(a) || !got[1].Equal(b) || names[string(name)] {
				t.Errorf("%v and %v are %q, which reads %v, %t", a, b, name, got, ok)
			}
			names[string(name)] = true
		}
	}
	for _, broken := range []string{Other, "", "s\x05abc", "n123", "mmm", "x", "m"} {
		if _, ok := valuesOf(broken, 2); ok {
			t.Errorf("%q is read", broken)
		}
	}
	if _, fits := appendValue(nil, event.StringOf(string(make([]byte, maxText+1)))); fits {
		t.Error("a long text fits")
	}
	list, _ := appendValue(nil, event.ArrayOf(values))
	none, _ := appendValue(nil, event.Value{})
	zero, _ := appendValue(nil, event.NumberOf(0))
	negative, _ := appendValue(nil, event.NumberOf(math.Copysign(0, -1)))
	if !bytes.Equal(list, none) || !bytes.Equal(zero, negative) {
		t.Errorf("a list is %q, -0 is %q", list, negative)
	}
}

// Every day of a stretch is covered once, and a year by few periods.
func TestCover(t *testing.T) {
	begin := day(time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli())
	most := 0
	for first := begin; first < begin+800; first++ {
		for _, length := range []int64{1, 2, 7, 13, 30, 61, 100, 365} {
			last, next := first+length-1, first
			periods := Cover(first, last)
			for _, p := range periods {
				if p.First != next || p.Span.Around(p.First) != p || p.Last() < p.First {
					t.Fatalf("from %d on for %d: %v", first, length, periods)
				}
				next = p.Last() + 1
			}
			if next != last+1 {
				t.Fatalf("from %d on for %d: %v ends at %d", first, length, periods, next)
			}
			if length == 365 {
				most = max(most, len(periods))
			}
		}
	}
	if most > 36 {
		t.Errorf("a year takes up to %d periods", most)
	}
	t.Logf("a year takes up to %d periods", most)
	year := Cover(begin, begin+364)
	if len(year) != 12 || year[0].String() != "m202501" {
		t.Errorf("the year 2025 is %v", year)
	}
	if w := Week.Around(begin); w.String() != "w20241230" || w.Last()-w.First != 6 {
		t.Errorf("the week of the first of January 2025 is %s", w)
	}
	if d := Day.Around(-1); d.String() != "d19691231" || day(-1) != -1 {
		t.Errorf("the day before 1970 is %s", d)
	}
}

// A page with too many cells keeps the most frequent ones, and the sum of all
// stays what it was.
func TestTheRarestCellsAreFolded(t *testing.T) {
	var p Page
	events := uint64(0)
	for i := range 100 {
		c := Cell{Events: uint64(i + 1)}
		c.Crowd.Add(hashOf(i))
		events += c.Events
		if err := p.Add(fmt.Sprintf("m%02d", i), c.Append(nil)); err != nil {
			t.Fatal(err)
		}
	}
	if gone := p.Fold(100); gone != nil {
		t.Errorf("%d of 100 cells are folded to fit 100", len(gone))
	}
	gone := p.Fold(40)
	if p.Len() != 35 || len(gone) != 66 || p.Has("m65") || !p.Has("m66") {
		t.Errorf("%d cells are left and %d gone", p.Len(), len(gone))
	}
	other := p.cells[Other]
	profiles, exact := other.Crowd.Count()
	if other.Folded != 66 || profiles != 66 || !exact {
		t.Errorf("other is of %d cells and %d profiles", other.Folded, profiles)
	}
	for _, c := range p.cells {
		events -= c.Events
	}
	if events != 0 {
		t.Errorf("%d events are lost", events)
	}
	if gone := p.Fold(30); p.Len() != 27 || other.Folded != 74 || len(gone) != 8 {
		t.Errorf("then %d cells are left, other is of %d", p.Len(), other.Folded)
	}
}

// What a tally appends is what was counted.
func TestTally(t *testing.T) {
	c := &Cube{ID: "ads", Events: "Ad", Prefix: true, Dimensions: []Dimension{{Name: "ad", Path: profile.PathOf("ad")}}}
	tally := NewTally(10)
	tally.Declare([]*Cube{c})
	const now = 20_000 * millisPerDay
	count := func(name, ad string, at int64) {
		body := event.ObjectOf([]event.Value{event.StringOf("ad"), event.StringOf(ad)})
		tally.Count(&event.Event{Type: event.Track, Profile: "u" + ad, Name: name, Time: at, Arrival: now, Body: body}, profile.New("u"))
	}
	if !tally.Empty() {
		t.Error("a new tally is not empty")
	}
	count("Ad Viewed", "x", now)
	count("Ad Clicked", "x", now+1)
	count("Bad", "x", now)
	count("Ad", "y", now-1)
	count("Ad", "old", now-10*millisPerDay-1)
	count("Ad", string(make([]byte, maxText+1)), now)
	got := ""
	err := EachCell(tally.Append(nil), func(key string, day int64, name string, form []byte) error {
		var one Cell
		_, err := one.MergeForm(form)
		profiles, _ := one.Crowd.Count()
		got += fmt.Sprintf("%t %d %q %d %d\n", key == c.Key(), day, name, one.Events, profiles)
		return err
	})
	want := "true 19999 \"s\\x01y\" 1 1\ntrue 20000 \"\\x00\" 1 1\ntrue 20000 \"s\\x01x\" 2 1\n"
	if err != nil || got != want {
		t.Errorf("%v\n%s\nwant\n%s", err, got, want)
	}
	part := tally.Append(nil)
	for cut := range part {
		err := EachCell(part[:cut], func(_ string, _ int64, _ string, form []byte) error {
			_, err := new(Cell).MergeForm(form)
			return err
		})
		if err == nil && cut > 1 && cut != len(part) {
			n := 0
			_ = EachCell(part[:cut], func(string, int64, string, []byte) error { n++; return nil })
			if n == 3 {
				t.Errorf("%d of %d bytes are read as all", cut, len(part))
			}
		}
	}
	if tally.Reset(); !tally.Empty() {
		t.Error("it is not empty after Reset")
	}
}
