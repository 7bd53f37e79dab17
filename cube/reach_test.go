package cube

import (
	"math"
	"testing"

	"muster/hyperloglog"
)

// crowdOf is the sketch of so many customers behind the first ones.
func crowdOf(first, n int) *hyperloglog.Sketch {
	s := &hyperloglog.Sketch{}
	for i := range uint64(n) {
		hash := (uint64(first) + i + 1) * 0x9e3779b97f4a7c15
		hash ^= hash >> 31
		hash *= 0xbf58476d1ce4e5b9
		s.Add(hash ^ hash>>29)
	}
	return s
}

// storedReach writes a reach and reads it.
func storedReach(t *testing.T, r *Reach, over bool, span Span) (*Reach, int) {
	t.Helper()
	form := r.Append(nil, over, span)
	got := &Reach{}
	if rest, err := got.Read(append(form, "rest"...)); err != nil || string(rest) != "rest" {
		t.Fatalf("read: %v, behind it %q", err, rest)
	}
	return got, len(form)
}

// The number of a period is that of its full sketch, however coarse the one is
// that is kept, and what comes later is added to it once.
func TestReachKeepsItsNumber(t *testing.T) {
	for _, n := range []int{0, 1, 50, 3000, 200_000} {
		for span, most := range map[Span]int{Day: reachOfDay, Week: reachOfWeek, Month: reachOfMonth} {
			r := &Reach{}
			r.Add(crowdOf(0, n/2))
			r.Add(crowdOf(n/3, n-n/3))
			want := crowdOf(0, n).Estimate()
			open, _ := storedReach(t, r, false, span)
			over, bytes := storedReach(t, open, true, span)
			if open.Count() != want || over.Count() != want || bytes > most+4 {
				t.Errorf("%d profiles: %d while it goes on and %d later, want %d, in %d bytes", n, open.Count(), over.Count(), want, bytes)
			}
			for range 3 {
				over.Add(crowdOf(n/2, n/4)) // that were there
			}
			if over.Count() != want {
				t.Errorf("%d profiles are %d when some come again", n, over.Count())
			}
			over.Add(crowdOf(n, n/2))
			if off := float64(over.Count())/float64(max(1, n+n/2)) - min(1, float64(n)); math.Abs(off) > 0.15 {
				t.Errorf("%d profiles and a half more are %d", n, over.Count())
			}
		}
	}
}

func TestAReachWeekIsStoredAsOne(t *testing.T) {
	monday := Week.Around(20_000).First
	w, got := &ReachWeek{}, &ReachWeek{}
	for i := range int64(3) {
		w.Add(monday+2*i, crowdOf(int(i)*50, 100))
	}
	if err := got.Read(w.Append(nil, true)); err != nil {
		t.Fatal(err)
	}
	for day := monday; day < monday+7; day++ {
		if got.Day(day).Count() != w.Day(day).Count() || w.Day(day).Count() > 0 != ((day-monday)%2 == 0 && day < monday+6) {
			t.Errorf("day %d: %d, want %d", day-monday, got.Day(day).Count(), w.Day(day).Count())
		}
	}
	if got.All.Count() != crowdOf(0, 200).Estimate() {
		t.Errorf("the week has %d", got.All.Count())
	}
	whole := w.Append(nil, true)
	for _, form := range [][]byte{{}, {5}, whole[:len(whole)-1], append(whole, 7), append(whole, 1, 0)} {
		if err := new(ReachWeek).Read(form); err == nil || !IsBroken(err) {
			t.Errorf("%d bytes: %v", len(form), err)
		}
	}
}

// A union has at least as many as the largest of its parts, and no more than all
// of them.
func TestAReachUnionIsWithinItsParts(t *testing.T) {
	u := &ReachUnion{}
	sum := int64(0)
	for i := range 4 {
		r := &Reach{}
		r.Add(crowdOf(i*50_000, 50_000))
		r, _ = storedReach(t, r, true, Day)
		u.Add(r)
		sum += r.Count()
		if u.Count() > sum || u.Count() < r.Count() || u.Sketch().Bits() != hyperloglog.MinBits {
			t.Errorf("%d parts have %d, the sum is %d", i+1, u.Count(), sum)
		}
	}
}

func TestPeriodsAreReadByName(t *testing.T) {
	for day := int64(-400); day < 30_000; day += 29 {
		for _, span := range Spans {
			p := span.Around(day)
			if got, ok := ParsePeriod(p.String()); !ok || got != p {
				t.Fatalf("%s is read as %v", p, got)
			}
		}
	}
	for _, name := range []string{"", "m", "open", "m20261101", "w20261124", "x20261101", "d2026110", "w"} {
		if p, ok := ParsePeriod(name); ok {
			t.Errorf("%q is read as %s", name, p)
		}
	}
}
