package insights

import "math"

// sureness is how many standard deviations hold 95 % of a normal distribution.
const sureness = 1.959963984540054

// ratio is how many times as frequent something is in one group as in another,
// with the band that has the truth in 95 of 100 cases. Where nobody in the other
// group has it, Value and High are infinite.
type ratio struct{ Value, Low, High float64 }

// widest bounds the logarithm of the ends of a band that are looked for. Groups
// of 2^32 profiles have none beyond it.
const widest = 64

// halvings is how often what is left is halved until an end of a band is exact.
const halvings = 60

// ratioOf compares the shares a/na and b/nb. The groups must not be empty, nor
// must have profiles in common.
//
// It is the score interval of the ratio of two binomial proportions (P. A. R.
// Koopman, Confidence intervals for the ratio of two binomial proportions,
// Biometrics 40, 1984), in the form of O. Miettinen and M. Nurminen (Comparative
// analysis of two rates, Statistics in Medicine 4, 1985) without their
// correction of the variance. Fagerland, Lydersen and Laake (Statistical Methods
// in Medical Research 24, 2015) recommend it also for small counts and for zeros.
func ratioOf(a, na, b, nb int64) ratio {
	r := ratio{Value: float64(a) / float64(na) / (float64(b) / float64(nb)), Low: 0, High: math.Inf(1)}
	if a == 0 && b == 0 {
		r.Value = math.NaN()
		return r
	}
	if a > 0 {
		r.Low = scoreIs(sureness, a, na, b, nb)
	}
	if b > 0 {
		r.High = scoreIs(-sureness, a, na, b, nb)
	}
	if !math.IsInf(r.Value, 0) { // rounding must not leave it outside
		r.Low, r.High = min(r.Low, r.Value), max(r.High, r.Value)
	}
	return r
}

// scoreIs is the ratio whose score is the one wanted.
func scoreIs(wanted float64, a, na, b, nb int64) float64 {
	low, high := -float64(widest), float64(widest)
	for range halvings {
		if middle := (low + high) / 2; score(math.Exp(middle), a, na, b, nb) > wanted {
			low = middle
		} else {
			high = middle
		}
	}
	return math.Exp((low + high) / 2)
}

// score is how many standard deviations the groups are from a ratio, if that is
// the true one. It falls as the ratio grows.
func score(ratio float64, a, na, b, nb int64) float64 {
	inA, inB, fromA, fromB := float64(a), float64(b), float64(na), float64(nb)
	// The likeliest share of the second group where the first has ratio times it.
	square, linear, constant := ratio*(fromA+fromB), fromA*ratio+inA+fromB+inB*ratio, inA+inB
	shareB := 2 * constant / (linear + math.Sqrt(max(0, linear*linear-4*square*constant)))
	shareA := min(1, ratio*shareB)
	shareB = min(1, shareB)
	deviation := math.Sqrt(shareA*(1-shareA)/fromA + ratio*ratio*shareB*(1-shareB)/fromB)
	away := inA/fromA - ratio*inB/fromB
	if away == 0 {
		return 0
	}
	return away / deviation
}
