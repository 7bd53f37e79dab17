package profile

import (
	"math/rand/v2"
	"testing"
)

// TestAroundIsTheSum reads sums and means of windows with late events, expiry
// and lumps: running sums say exactly what adding up says.
func TestAroundIsTheSum(t *testing.T) {
	const window = 10_000
	known := 0
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
				pts := p.find(schema, 0)
				window := pts.view(q, now)
				lumps, i, j := window.split()
				all := total(lumps)
				for k := i; k < j; k++ {
					all.add(pts.entries()[k], pts.numbers()[k])
				}
				if want := all.value(q.Reduce).Number(); low != want || high != want || p.Read(schema, q, now).Number() != want {
					t.Fatalf("nature %d, seed %d: %v to %v, want %v", nature, seed, low, high, want)
				}
			}
		}
	}
	if known < 20_000 {
		t.Errorf("only %d windows were read", known)
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

// TestSumsOfAnyNumbers: running sums say what adding up says, whether they are
// hundredths, have turned into decimals on the way, or were cut in between.
func TestSumsOfAnyNumbers(t *testing.T) {
	kinds := []func(r *rand.Rand) float64{
		func(r *rand.Rand) float64 { return float64(r.IntN(100_000)) / 100 },
		func(r *rand.Rand) float64 { return float64(r.IntN(100_000)-50_000) / 100 },
		func(r *rand.Rand) float64 { return fewCents/100 - float64(r.IntN(1000)) },
		func(r *rand.Rand) float64 { return r.Float64() },
		func(r *rand.Rand) float64 { return r.NormFloat64() * 1e23 },
	}
	for kind := range kinds {
		for seed := range uint64(20) {
			r := rand.New(rand.NewPCG(seed, uint64(kind)))
			var of sums
			nums := []float64{}
			for range 40 {
				if r.IntN(4) == 0 {
					at := r.IntN(len(nums) + 1)
					nums = append(nums[:at], nums[min(at+1, len(nums)):]...)
					of.cut(at)
				}
				for range r.IntN(2000) {
					draw := kinds[kind]
					if r.IntN(3000) == 0 {
						draw = kinds[(kind+1)%len(kinds)]
					}
					nums = append(nums, draw(r))
				}
				of.extend(nums)
				i := r.IntN(len(nums) + 1)
				j := i + r.IntN(len(nums)-i+1)
				want := sumOf(nums[i:j])
				if got := of.between(i, j); got != want || of.float(i, j) != want.float() {
					t.Fatalf("kind %d, seed %d: %v and %v, want %v, %v", kind, seed, got, of.float(i, j), want, want.float())
				}
			}
		}
	}
}
