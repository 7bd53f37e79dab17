package profile

import (
	"math"
	"math/rand/v2"
	"testing"
)

// drawn returns numbers of one nature: money, whole numbers, ones that
// cancel out, of all magnitudes, at the edge of what there is, or none.
func drawn(r *rand.Rand, nature int) float64 {
	switch nature {
	case 0:
		return math.Trunc(r.Float64()*1e5) / 100
	case 1:
		return float64(r.IntN(1000) - 100)
	case 2:
		return (r.Float64() - 0.5) * 1e16
	case 3:
		return math.Ldexp(r.Float64()-0.5, r.IntN(2000)-1000)
	case 4:
		return []float64{math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, 0, 0x1p-1022, 1}[r.IntN(6)]
	}
	return []float64{1, 2, math.Inf(1), math.Inf(-1), math.NaN()}[min(4, r.IntN(40))]
}

// TestAroundHoldsTheFold reads sums and means of windows with late events,
// expiry and buckets: what Read folds exactly lies between the two numbers
// of Around, and these are close where nothing cancels out.
func TestAroundHoldsTheFold(t *testing.T) {
	const window = 10_000
	known, equal := 0, 0
	for nature := range 6 {
		for seed := range uint64(6) {
			r := rand.New(rand.NewPCG(seed, uint64(nature)))
			cfg := Default()
			cfg.Entries = []int{64, 1024}[seed%2]
			schema, p, now := NewSchema(nil, []Series{seriesOf(KeepSlidingNumbers, window)}), New("p"), start
			for range 1500 {
				now += r.Int64N(40)
				ev := track(now-[]int64{0, 0, 0, r.Int64N(3000)}[r.IntN(4)], drawn(r, nature))
				ev.Arrival = now
				apply(t, p, schema, cfg, ev)
				q := Query{Reduce: []Reduce{ReduceSum, ReduceMean}[r.IntN(2)], From: 1 + r.Int64N(window)}
				if r.IntN(2) == 0 {
					q.To = r.Int64N(q.From)
				}
				low, high, ok := p.Around(schema, q, now)
				if !ok {
					continue
				}
				known++
				want := p.Read(schema, q, now).Number()
				if !(low <= want && want <= high) {
					t.Fatalf("nature %d, seed %d: %v is not between %v and %v", nature, seed, want, low, high)
				}
				if low == high {
					equal++
				}
				if nature == 0 && high-low > 1e-5 {
					t.Fatalf("seed %d: %v and %v are far apart", seed, low, high)
				}
			}
		}
	}
	t.Logf("%d known, %d of them exactly", known, equal)
	if known < 20_000 || equal < 3000 {
		t.Error("too few windows were read to tell")
	}
}

// TestAroundKnowsWholeNumbersExactly also up to the greatest that are whole.
func TestAroundKnowsWholeNumbersExactly(t *testing.T) {
	schema, p := NewSchema(nil, []Series{seriesOf(KeepSlidingNumbers, 1000)}), New("p")
	for i := range int64(100) {
		apply(t, p, schema, Default(), track(start+i, float64(i<<40)))
	}
	low, high, ok := p.Around(schema, Query{Reduce: ReduceSum, From: 1000}, start+100)
	if want := float64(99 * 50 << 40); !ok || low != want || high != want {
		t.Errorf("%v to %v, %t; want %v", low, high, ok, want)
	}
}
