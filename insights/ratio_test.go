package insights

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestBandHoldsTheRatio: of groups that are drawn with shares from 0.05 % to
// 80 %, the band has the true ratio for 94 to 99 of 100.
func TestBandHoldsTheRatio(t *testing.T) {
	const tries = 4000
	r := rand.New(rand.NewPCG(19, 7))
	drawn := func(n int64, share float64) (found int64) {
		for range n {
			if r.Float64() < share {
				found++
			}
		}
		return found
	}
	inside, told := 0, 0
	for range tries {
		na, nb := 20+r.Int64N(1500), 200+r.Int64N(1500)
		shareA, shareB := 0.0005*math.Exp(r.Float64()*7.37), 0.0005*math.Exp(r.Float64()*7.37)
		a, b := drawn(na, shareA), drawn(nb, shareB)
		if a+b == 0 {
			continue // nothing is told of it
		}
		told++
		if band := ratioOf(a, na, b, nb); band.Low <= shareA/shareB && shareA/shareB <= band.High {
			inside++
		}
	}
	t.Logf("the band has the truth of %d of %d", inside, told)
	if inside < told*94/100 || inside > told*99/100 {
		t.Errorf("the band has the truth of %d of %d", inside, told)
	}
}

// TestEndsOfTheBand: at each end the groups are as far from the ratio as 95 of 100
// samples are not, by the other way to write the score, which is Koopman's.
func TestEndsOfTheBand(t *testing.T) {
	koopman := func(ratio float64, a, na, b, nb int64) float64 {
		x, m, y, n := float64(a), float64(na), float64(b), float64(nb)
		linear := ratio*(m+y) + x + n
		share := (linear - math.Sqrt(linear*linear-4*ratio*(m+n)*(x+y))) / (2 * (m + n))
		away := x - m*share
		return away * away / (m * share * (1 - share)) * (1 + m*(ratio-share)/(n*(1-share)))
	}
	r := rand.New(rand.NewPCG(2, 2))
	for range 500 {
		na, nb := 5+r.Int64N(100), 5+r.Int64N(100)
		a, b := 1+r.Int64N(na-2), 1+r.Int64N(nb-2)
		band := ratioOf(a, na, b, nb)
		for _, end := range []float64{band.Low, band.High} {
			if got := koopman(end, a, na, b, nb); math.Abs(got-sureness*sureness) > 1e-6 {
				t.Errorf("%d of %d against %d of %d: at the end %v the statistic is %v", a, na, b, nb, end, got)
			}
		}
		if band.Low >= band.Value || band.Value >= band.High {
			t.Errorf("%+v is no band", band)
		}
	}
}

// TestGroupsWithoutAnybody have one end alone, and all have both.
func TestGroupsWithoutAnybody(t *testing.T) {
	none, only, all, empty := ratioOf(0, 50, 9, 100), ratioOf(9, 50, 0, 100), ratioOf(50, 50, 100, 100), ratioOf(0, 50, 0, 100)
	switch {
	case none.Value != 0 || none.Low != 0 || none.High <= 0 || none.High > 1,
		!math.IsInf(only.Value, 1) || !math.IsInf(only.High, 1) || only.Low < 1,
		all.Value != 1 || all.Low >= 1 || all.Low < 0.9 || all.High <= 1 || all.High > 1.1,
		!math.IsNaN(empty.Value) || empty.Low != 0 || !math.IsInf(empty.High, 1):
		t.Errorf("the bands are %+v, %+v, %+v and %+v", none, only, all, empty)
	}
}
