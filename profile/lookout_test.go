package profile

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"muster/event"
)

// thresholds are Cells that tell whether numbers are below, at or above
// each of some constants.
type thresholds []float64

func (c thresholds) Cell(v event.Value) uint16 {
	if v.Kind() != event.KindNumber || math.IsNaN(v.Number()) {
		return uint16(v.Kind()) + 1000
	}
	i, found := slices.BinarySearch(c, v.Number())
	if found {
		return uint16(2*i + 1)
	}
	return uint16(2 * i)
}

func (c thresholds) Interval(cell uint16) (Interval, bool) {
	if cell >= 1000 {
		return Interval{}, false
	}
	k := int(cell) / 2
	if cell&1 != 0 {
		return Interval{c[k], c[k], true, true}, true
	}
	s := Interval{math.Inf(-1), math.Inf(1), true, true}
	if k > 0 {
		s.Low, s.WithLow = c[k-1], false
	}
	if k < len(c) {
		s.High, s.WithHigh = c[k], false
	}
	return s, true
}

// TestLookoutAgainstReading finds for every reduction when it leaves its
// cell and compares with reading it at every instant at which anything
// crosses an edge of its window: with late events, ties and lumps.
func TestLookoutAgainstReading(t *testing.T) {
	schema := everySeries(1000)
	var ahead Lookout
	asked, far := 0, 0
	for seed := range uint64(16) {
		r := rand.New(rand.NewPCG(seed, 5))
		cfg := Default()
		cfg.Entries = []int{16, 1024}[seed%2]
		// Of half the seeds no number is below 0, so that sums only fall.
		least := float64(seed / 2 % 2 * 3)
		p, now := New("p"), start
		for range 90 {
			now += r.Int64N(40)
			ev := track(now-pickLate(r), float64(r.IntN(7))-least)
			ev.Arrival = now
			apply(t, p, schema, cfg, ev)
			for i, series := range schema.Series {
				for _, reduce := range reductions[series.Keep] {
					if !series.Keep.Sliding() {
						continue
					}
					w := windows[r.IntN(len(windows))]
					q := Query{Series: i, Reduce: reduce, From: w[0], To: w[1]}
					cells := thresholds{float64(r.IntN(4) - 2), float64(2 + r.IntN(5)), float64(8 + r.IntN(30))}
					asked++
					if compareLookout(t, &ahead, p, schema, q, now, cells) {
						far++
					}
				}
			}
		}
	}
	t.Logf("%d times asked, %d times another instant than the next that something crosses an edge", asked, far)
	if far < asked/10 {
		t.Error("too few cells were left late to tell")
	}
}

// compareLookout demands the very instant; of a value that is no number
// none that is late. It reports whether the instant is another than the
// next at which an edge is crossed.
func compareLookout(t *testing.T, l *Lookout, p *Profile, s *Schema, q Query, now int64, cells thresholds) bool {
	t.Helper()
	cell := cells.Cell(p.Read(s, q, now))
	pts := p.find(s, q.Series)
	v := pts.view(q, now)
	first := v.next()
	want := v.step()
	for want != 0 && cells.Cell(p.Read(s, q, want)) == cell {
		want = v.step()
	}
	got := l.Next(p, s, q, now, cells, cell, 256)
	_, numbers := cells.Interval(cell)
	if !numbers && got != 0 && (got <= want || want == 0) {
		return false
	}
	if got != want {
		t.Fatalf("%s %+v in cell %d of %v at %d: leaves it at %d, want %d", s.Series[q.Series].Key, q, cell, cells, now, got, want)
	}
	return got != first
}

// TestLookoutIsBounded stops at an instant that it reached, and goes on from
// there.
func TestLookoutIsBounded(t *testing.T) {
	schema, p := NewSchema(nil, []Series{seriesOf(KeepSlidingNumbers, 100_000)}), New("p")
	for i := range int64(1000) {
		apply(t, p, schema, Default(), track(start+i, 1))
	}
	var ahead Lookout
	q, cells := Query{Reduce: ReduceMean, From: 100_000}, thresholds{0.5}
	now, cell := start+1000, cells.Cell(event.NumberOf(1))
	for _, want := range []int64{255, 511, 767, 999} {
		if now = ahead.Next(p, schema, q, now, cells, cell, 256); now != start+want+100_000 {
			t.Fatalf("woken at %d, want %d", now-start-100_000, want)
		}
	}
}

// TestLookoutDoesNotAllocate once it has its scratch space.
func TestLookoutDoesNotAllocate(t *testing.T) {
	schema, p := everySeries(100_000), New("p")
	for i := range int64(200) {
		apply(t, p, schema, Default(), track(start+i, float64(i%7)))
	}
	var ahead Lookout
	var cells Cells = thresholds{3}
	for i, series := range schema.Series {
		for _, reduce := range reductions[series.Keep] {
			for _, to := range []int64{0, 150} {
				q := Query{Series: i, Reduce: reduce, From: 100_000, To: to}
				cell := cells.Cell(p.Read(schema, q, start+200))
				if n := testing.AllocsPerRun(5, func() { ahead.Next(p, schema, q, start+200, cells, cell, 256) }); n > 0 {
					t.Errorf("%s %+v: %v allocations", series.Key, q, n)
				}
			}
		}
	}
}

// TestNewestKeepsWhatCountsNeed: with the 4 newest events every window's
// count is right up to 4, late events included, stored or not.
func TestNewestKeepsWhatCountsNeed(t *testing.T) {
	one := seriesOf(KeepSlidingTimes, 1000)
	one.Newest = 4
	schema := NewSchema(nil, []Series{one})
	r := rand.New(rand.NewPCG(3, 3))
	p, now := New("p"), start
	var all history
	for range 600 {
		now += r.Int64N(200)
		s := sale{time: now - pickLate(r)}
		all.add(s)
		ev := track(s.time, 0)
		ev.Arrival = now
		apply(t, p, schema, Default(), ev)
		if r.IntN(3) == 0 {
			p = decoded(t, codecOf(schema), p, now)
		}
		for _, from := range []int64{1000, 400, 2} {
			want := min(4, len(all.within(now-from, now)))
			if got := p.Read(schema, Query{Reduce: ReduceCount, From: from}, now).Number(); got != float64(want) {
				t.Fatalf("%v of %d ms, want %d", got, from, want)
			}
		}
		if pts := p.find(schema, 0); pts != nil && pts.len() > 4 {
			t.Fatalf("%d events are kept", pts.len())
		}
	}
}

// TestNewestOfStoredEvents drops what a profile stored under other rules
// has too much.
func TestNewestOfStoredEvents(t *testing.T) {
	before := NewSchema(nil, []Series{seriesOf(KeepSlidingTimes, 100_000)})
	cfg := Default()
	cfg.Entries = 16
	p := New("p")
	for i := range int64(100) {
		apply(t, p, before, cfg, track(start+i, 0))
	}
	codec, names := NewCodec(before, nil, nil)
	blob := codec.Append(nil, p, start+100)
	one := seriesOf(KeepSlidingTimes, 100_000)
	one.Newest = 4
	schema := NewSchema(nil, []Series{one})
	after, _ := NewCodec(schema, nil, names)
	q, err := after.Decode("p", string(blob))
	if err != nil {
		t.Fatal(err)
	}
	if got := q.Read(schema, Query{Reduce: ReduceCount, From: 100_000}, start+100).Number(); got != 4 || q.find(schema, 0).len() != 4 {
		t.Errorf("%v counted, %d kept", got, q.find(schema, 0).len())
	}
}
