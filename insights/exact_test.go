package insights

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// slowTest is Fisher's exact test by fractions that are never rounded, table by
// table.
func slowTest(a, na, b, nb int64) float64 {
	table := func(x int64) *big.Int {
		if x < 0 || x > na || a+b-x < 0 || a+b-x > nb {
			return new(big.Int)
		}
		return new(big.Int).Mul(new(big.Int).Binomial(na, x), new(big.Int).Binomial(nb, a+b-x))
	}
	observed, as, all := table(a), new(big.Int), new(big.Int)
	for x := range na + 1 {
		one := table(x)
		all.Add(all, one)
		if one.Cmp(observed) <= 0 {
			as.Add(as, one)
		}
	}
	p, _ := new(big.Rat).SetFrac(as, all).Float64()
	return p
}

// TestExactTestIsTheSlowOne: for every table of small groups, and for random
// ones of larger groups.
func TestExactTestIsTheSlowOne(t *testing.T) {
	check := func(a, na, b, nb int64) {
		t.Helper()
		if got, want := exactTest(a, na, b, nb), slowTest(a, na, b, nb); math.Abs(got-want) > 1e-9*want {
			t.Errorf("%d of %d against %d of %d gives %v; want %v", a, na, b, nb, got, want)
		}
	}
	for na := int64(1); na <= 9; na++ {
		for nb := int64(1); nb <= 9; nb++ {
			for a := range na + 1 {
				for b := range nb + 1 {
					check(a, na, b, nb)
				}
			}
		}
	}
	r := rand.New(rand.NewPCG(1, 19))
	for range 150 {
		na, nb := 1+r.Int64N(400), 1+r.Int64N(400)
		check(r.Int64N(na+1), na, r.Int64N(nb+1), nb)
	}
}

// known are tables with what scipy 1.17 and statsmodels 0.15 say of them: p of
// scipy.stats.fisher_exact, and the ends of the band of the ratio of
// statsmodels.stats.proportion.confint_proportions_2indep with
// compare="ratio", method="score", correction=False.
var known = []struct {
	a, na, b, nb int64
	p, low, high float64
}{
	{36, 40, 16, 80, 7.56680398e-14, 2.93956919, 7.15222343},
	{1, 20, 15, 80, 0.182571242, 0.0456473433, 1.35842098},
	{7, 12, 3, 20, 0.0183864643, 1.33857711, 11.9888731},
	{12, 40, 60, 400, 0.0229746082, 1.14987855, 3.24732645},
	{120, 1000, 3000, 99000, 4.66863198e-36, 3.33093118, 4.69064528},
	{5, 2000, 40, 998000, 3.63989182e-08, 25.3930104, 152.976508},
	{45000, 100000, 400000, 900000, 0.000807084394, 1.00518799, 1.01983046},
	{250, 300, 41000, 50000, 0.597937208, 0.959634816, 1.06270988},
	{30, 50000, 900, 950000, 0.0103989336, 0.441111528, 0.909251832},
	{3, 50, 250, 1000, 0.00106003037, 0.082093579, 0.652601012},
}

// TestKnownTables holds figures against those of others.
func TestKnownTables(t *testing.T) {
	near := func(got, want float64) bool { return math.Abs(got-want) <= 1e-5*math.Abs(want) || got == want }
	for _, one := range known {
		p, r := exactTest(one.a, one.na, one.b, one.nb), ratioOf(one.a, one.na, one.b, one.nb)
		if !near(p, one.p) || !near(r.Low, one.low) || !near(r.High, one.high) {
			t.Errorf("%d of %d against %d of %d: p %v, %v to %v; want %v, %v to %v",
				one.a, one.na, one.b, one.nb, p, r.Low, r.High, one.p, one.low, one.high)
		}
	}
}
