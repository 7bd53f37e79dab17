package profile

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"

	"muster/event"
)

// sale is one event of the naive model, which keeps them all.
type sale struct {
	time  int64
	price float64
}

// history is ordered by event time, ties by arrival.
type history []sale

func (h *history) add(s sale) {
	*h = append(*h, s)
	sort.SliceStable(*h, func(i, j int) bool { return (*h)[i].time < (*h)[j].time })
}

// within returns the sales of (low, high].
func (h history) within(low, high int64) history {
	var in history
	for _, s := range h {
		if s.time > low && s.time <= high {
			in = append(in, s)
		}
	}
	return in
}

func (h history) reduce(r Reduce) event.Value {
	least, most, distinct := 0.0, 0.0, map[float64]bool{}
	var prices []float64
	for i, s := range h {
		if i == 0 {
			least, most = s.price, s.price
		}
		prices, least, most = append(prices, s.price), min(least, s.price), max(most, s.price)
		distinct[s.price] = true
	}
	exact := plainSum(prices)
	sum, _ := exact.Float64()
	mean, _ := exact.Quo(exact, big.NewRat(int64(max(1, len(h))), 1)).Float64()
	switch {
	case r == ReduceCount:
		return event.NumberOf(float64(len(h)))
	case r == ReduceDistinct:
		return event.NumberOf(float64(len(distinct)))
	case r == ReduceSum:
		return event.NumberOf(sum)
	case len(h) == 0:
		return event.Value{}
	}
	return event.NumberOf(map[Reduce]float64{
		ReduceMean: mean, ReduceMin: least, ReduceMax: most, ReduceFirst: h[0].price, ReduceLast: h[len(h)-1].price,
	}[r])
}

// windows are those that the tests read, in milliseconds; the longest is
// that of the series.
var windows = [][2]int64{{1000, 0}, {400, 0}, {1000, 300}, {2, 1}}

// TestWindowsAgainstModel feeds late events and ties and compares every
// reduction of every kind with the model, to the millisecond.
func TestWindowsAgainstModel(t *testing.T) {
	schema := everySeries(1000)
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 1))
		p, now := New("p"), start
		var all history
		for range 120 {
			now += r.Int64N(60)
			s := sale{time: now - pickLate(r), price: float64(r.IntN(5)) / 10}
			all.add(s)
			ev := track(s.time, s.price)
			ev.Arrival = now
			apply(t, p, schema, Default(), ev)
			compareReads(t, p, schema, all, now)
		}
	}
}

// pickLate is how late an event is: not at all, a little, to the edge of a
// window, beyond it.
func pickLate(r *rand.Rand) int64 {
	return []int64{0, 0, 0, r.Int64N(50), 399, 400, 999, 1000, 1001, 5000}[r.IntN(10)]
}

func compareReads(t *testing.T, p *Profile, s *Schema, all history, now int64) {
	t.Helper()
	for i, series := range s.Series {
		for _, reduce := range reductions[series.Keep] {
			if !series.Keep.Sliding() {
				q := Query{Series: i, Reduce: reduce}
				if got, want := p.Read(s, q, now), all.reduce(reduce); !got.Equal(want) {
					t.Fatalf("%s, reduction %d: %v, want %v", series.Key, reduce, got, want)
				}
				continue
			}
			for _, w := range windows {
				compareWindow(t, p, s, all, now, Query{Series: i, Reduce: reduce, From: w[0], To: w[1]})
			}
		}
	}
}

// compareWindow reads a query now, at the next instant at which it says that
// it may change, and just before: nothing may change earlier.
func compareWindow(t *testing.T, p *Profile, s *Schema, all history, now int64, q Query) {
	t.Helper()
	next := p.NextChange(s, q, now)
	instants := []int64{now}
	was := all.within(now-q.From, now-q.To).reduce(q.Reduce)
	for _, sale := range all {
		for _, at := range []int64{sale.time + q.From, sale.time + q.To} {
			if at > now && (next == 0 || at < next) && !all.within(at-q.From, at-q.To).reduce(q.Reduce).Equal(was) {
				t.Fatalf("%s %+v at %d: the value changes at %d, the next change is said to be at %d", s.Series[q.Series].Key, q, now, at, next)
			}
		}
	}
	if next != 0 {
		instants = append(instants, next-1, next)
	}
	for _, at := range instants {
		want := all.within(at-q.From, at-q.To).reduce(q.Reduce)
		if got := p.Read(s, q, at); !got.Equal(want) {
			t.Fatalf("%s %+v at %d, asked at %d: %v, want %v", s.Series[q.Series].Key, q, at, now, got, want)
		}
	}
}

// TestTotalsInAnyOrder sums fractions that come late, by up to all of time:
// the sum and the mean are those of the numbers as they are written.
func TestTotalsInAnyOrder(t *testing.T) {
	schema := everySeries(1000)
	r := rand.New(rand.NewPCG(1, 1))
	p := New("p")
	var all history
	for i := range 500 {
		s := sale{time: start + int64(i)*10 - r.Int64N(5000), price: math.Trunc(r.Float64()*1e6) / 1000}
		all.add(s)
		ev := track(s.time, s.price)
		ev.Arrival = start + int64(i)*10
		apply(t, p, schema, Default(), ev)
		for _, reduce := range []Reduce{ReduceSum, ReduceMean} {
			q := Query{Series: slices.IndexFunc(schema.Series, func(s Series) bool { return s.Keep == KeepTotalNumbers }), Reduce: reduce}
			if got, want := p.Read(schema, q, start), all.reduce(reduce); !got.Equal(want) {
				t.Fatalf("after %d: %v, want %v", i+1, got.Number(), want.Number())
			}
		}
	}
}

// TestNumbersSkipOthers keeps only numbers of what a series projects.
func TestNumbersSkipOthers(t *testing.T) {
	schema := everySeries(1000)
	p := New("p")
	for i, v := range []event.Value{event.StringOf("5"), event.NumberOf(5), {}, event.BoolOf(true)} {
		ev := track(start+int64(i), 0)
		ev.Body = object("price", v)
		apply(t, p, schema, Default(), ev)
	}
	for i, s := range schema.Series {
		q, want := Query{Series: i, Reduce: ReduceSum, From: 1000}, 5.0
		switch s.Keep {
		case KeepTotalDistinct, KeepSlidingValues:
			// A missing value is a distinct one.
			q.Reduce, want = ReduceDistinct, 4
		case KeepTotalNumbers, KeepSlidingNumbers:
		default:
			continue
		}
		if got := p.Read(schema, q, start+10); got.Number() != want {
			t.Errorf("%s: %v, want %v", s.Key, got.Number(), want)
		}
	}
}
