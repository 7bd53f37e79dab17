package profile

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"testing"
)

// drawn returns numbers of one nature: money, whole numbers, many digits, all
// magnitudes, and those at the edge of what there is.
func drawn(r *rand.Rand, nature int) float64 {
	switch nature {
	case 0:
		return math.Trunc(r.Float64()*1e5) / 100
	case 1:
		return float64(r.IntN(1000) - 100)
	case 2:
		return (r.Float64() - 0.5) * math.Pow10(r.IntN(20)-4)
	case 3:
		return math.Ldexp(r.Float64()-0.5, r.IntN(2000)-1000)
	case 4:
		return math.Trunc(r.Float64()*1e15) * math.Pow10(-r.IntN(18))
	}
	return []float64{
		math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, 0, math.Copysign(0, -1), 1e24, -1e24, 9.999999999999999e23, 1e-24, 5e-25, 4e-25, -5e-25,
		1 << 53, 1<<53 - 1, 1<<53 + 2, 0.1, 0.30000000000000004, 1e15, 999999999999999.9, 1e22, 1e23,
	}[r.IntN(21)]
}

// plainSum adds numbers as they are written with whole numbers of any size.
func plainSum(nums []float64) *big.Rat {
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(places), nil)
	units := new(big.Int)
	for _, f := range nums {
		one, _ := new(big.Rat).SetString(strconv.FormatFloat(math.Abs(f), 'e', -1, 64))
		if math.Abs(f) >= greatest {
			one.SetInt(unit)
		}
		one.Mul(one, new(big.Rat).SetInt(unit))
		one.Add(one, big.NewRat(1, 2))
		whole := new(big.Int).Quo(one.Num(), one.Denom())
		if f < 0 {
			whole.Neg(whole)
		}
		units.Add(units, whole)
	}
	return new(big.Rat).SetFrac(units, unit)
}

// TestDecimalsAreExact adds numbers of every nature, one by one and at once,
// in another order, in parts, and through what is stored.
func TestDecimalsAreExact(t *testing.T) {
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 4))
		nums := make([]float64, 1+r.IntN(100))
		nature := r.IntN(6)
		for i := range nums {
			nums[i] = drawn(r, nature)
		}
		sum := sumOf(nums)
		exact := plainSum(nums)
		want, _ := exact.Float64()
		if got := sum.float(); got != want {
			t.Fatalf("seed %d: %v, want %v of %v", seed, got, want, nums)
		}
		want, _ = exact.Quo(exact, new(big.Rat).SetInt64(int64(len(nums)))).Float64()
		if got := sum.mean(int64(len(nums))); got != want {
			t.Fatalf("seed %d: a mean of %v, want %v of %v", seed, got, want, nums)
		}
		cut := r.IntN(len(nums))
		if parts := sumOf(nums[cut:]).plus(sumOf(nums[:cut])); parts != sum {
			t.Fatalf("seed %d: two halves add up to %v, all to %v", seed, parts, sum)
		}
		r.Shuffle(len(nums), func(i, j int) { nums[i], nums[j] = nums[j], nums[i] })
		var one decimal
		for _, f := range nums {
			one = one.plus(decimalOf(f))
		}
		if one != sum || one.minus(sum) != (decimal{}) {
			t.Fatalf("seed %d: another order adds up to %v, not %v", seed, one, sum)
		}
		stored := reader{blob: string(appendDecimal(nil, sum))}
		if got := stored.decimal(); got != sum || stored.err != nil || stored.left() > 0 {
			t.Fatalf("seed %d: %v is read back as %v, %v", seed, sum, got, stored.err)
		}
	}
}

// TestDecimalsOfMoney are those that people complain of.
func TestDecimalsOfMoney(t *testing.T) {
	ten := make([]float64, 10)
	for i := range ten {
		ten[i] = 0.1
	}
	for _, c := range []struct {
		nums      []float64
		sum, mean float64
	}{
		{ten, 1, 0.1}, {[]float64{0.1, 0.2, -0.3}, 0, 0}, {[]float64{0.1, 0.7}, 0.8, 0.4}, {[]float64{1e16, 1, -1e16}, 1, 1.0 / 3},
		{[]float64{1e-7, 2e-7}, 3e-7, 1.5e-7}, {nil, 0, 0}, {[]float64{1e30, 1}, 1e24, 5e23}, {[]float64{1e-30}, 0, 0},
	} {
		sum := sumOf(c.nums)
		if got, mean := sum.float(), sum.mean(int64(max(1, len(c.nums)))); got != c.sum || mean != c.mean {
			t.Errorf("%v: sum %v, mean %v, want %v and %v", c.nums, got, mean, c.sum, c.mean)
		}
	}
}

func TestMalformedDecimals(t *testing.T) {
	for _, blob := range []string{"", "\x64\x01", "\x00", "\x01\x00\x00", "\x01" + string(make([]byte, 23)) + "\xff"} {
		r := reader{blob: blob}
		if r.decimal(); r.err == nil {
			t.Errorf("%q was read", blob)
		}
	}
}

func BenchmarkSumOf(b *testing.B) {
	nums := make([]float64, 32)
	for i := range nums {
		nums[i] = float64(i*977) / 100
	}
	for range b.N {
		sumOf(nums).float()
	}
}

// BenchmarkReadFew reads a sum of few numbers.
func BenchmarkReadFew(b *testing.B) {
	schema, cfg, p := NewSchema(nil, []Series{seriesOf(KeepSlidingNumbers, 1000)}), Default(), New("p")
	for i := range int64(20) {
		ev := track(start+i, float64(i*977)/100)
		var changed Changed
		p.Apply(schema, &cfg, &ev, start+i, &changed)
	}
	for range b.N {
		p.Read(schema, Query{Reduce: ReduceSum, From: 1000}, start+20)
	}
}
