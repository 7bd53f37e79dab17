package hyperloglog

import "math"

// Overlap is what two sketches have in common, by joint maximum likelihood:
// Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches",
// 2017, section 9. It takes the registers of both sketches for what they are
// together, where inclusion and exclusion subtracts one large estimate from
// another.
type Overlap struct {
	OnlyA, OnlyB, Both float64
	// Low and High hold the true number in both in 95 of 100 cases: beyond them
	// the registers would be so much less likely, whatever else is chosen (Wilks,
	// the likelihood ratio with one degree of freedom).
	Low, High float64
}

// Joint estimates the overlap of two sketches, as well as the coarser of both
// tells.
func Joint(a, b *Sketch) Overlap {
	a, b = a.within(b.Bits()), b.within(a.Bits())
	j := newJoint(a, b)
	sizeA, sizeB := float64(a.Estimate()), float64(b.Estimate())
	if sizeA == 0 || sizeB == 0 {
		return Overlap{OnlyA: sizeA, OnlyB: sizeB}
	}
	union := Sketch{}
	union.Merge(a)
	union.Merge(b)
	most := min(sizeA, sizeB)
	guess := min(max(sizeA+sizeB-float64(union.Estimate()), most*0.01), most*0.99)
	best, at := j.climb([]float64{math.Log(max(1, sizeA-guess)), math.Log(max(1, sizeB-guess)), math.Log(guess)}, -1)
	o := Overlap{OnlyA: math.Exp(at[0]), OnlyB: math.Exp(at[1]), Both: math.Exp(at[2])}
	o.Low, o.High = j.band(best, at, most)
	if o.Both < 0.5 {
		o.Both = 0
	}
	return o
}

// halfChi is half the value that a chi square of one degree of freedom passes in
// 5 of 100 cases: how much less likely, as a logarithm, the ends of the band are.
const halfChi = 1.92073

// band finds where the likelihood has fallen to that of the ends.
func (j *joint) band(best float64, at []float64, most float64) (low, high float64) {
	falls := func(both float64) bool {
		value, _ := j.climb([]float64{at[0], at[1], math.Log(both)}, 2)
		return best-value > halfChi
	}
	seek := func(inside, outside float64) float64 {
		for range 24 {
			if middle := (inside + outside) / 2; falls(middle) {
				outside = middle
			} else {
				inside = middle
			}
		}
		return outside
	}
	both := max(math.Exp(at[2]), 1e-3)
	low, high = 0, 1.05*most+1
	if falls(1e-3) && both > 1e-3 {
		low = seek(both, 1e-3)
	}
	if falls(high) {
		high = seek(both, high)
	}
	return low, high
}

// joint is how many registers have each rank in two sketches: of those whose
// ranks differ, by the smaller and by the larger one, and of those that are equal.
type joint struct {
	size         float64              // registers of each
	rows         int                  // the highest rank but for one
	lessA, moreB [maxRank + 1]float64 // ranks of a and b where that of a is smaller
	moreA, lessB [maxRank + 1]float64 // where that of b is
	equal        [maxRank + 1]float64
}

// newJoint counts the registers of two sketches that are equally coarse.
func newJoint(a, b *Sketch) *joint {
	j := &joint{size: float64(a.size()), rows: a.rows()}
	var ranksA, ranksB [registers]uint8
	for index, rank := range a.each {
		ranksA[index] = min(rank, uint8(j.rows+1))
	}
	for index, rank := range b.each {
		ranksB[index] = min(rank, uint8(j.rows+1))
	}
	for i, rank := range ranksA[:a.size()] {
		switch other := ranksB[i]; {
		case rank < other:
			j.lessA[rank]++
			j.moreB[other]++
		case rank > other:
			j.moreA[rank]++
			j.lessB[other]++
		default:
			j.equal[rank]++
		}
	}
	return j
}

// likelihood is the logarithm of how likely the registers are, where profiles of
// a alone, of b alone and of both come at random: their numbers are given as
// logarithms.
//
// A register's rank is at most k with probability exp(-n/(m 2^k)), n being the
// number of profiles. Where the rank of a is the smaller one, that of b comes from
// b alone, so both are independent; where they are equal, all three matter.
func (j *joint) likelihood(at []float64) float64 {
	onlyA, onlyB, both := math.Exp(at[0])/j.size, math.Exp(at[1])/j.size, math.Exp(at[2])/j.size
	sum := 0.0
	for k := range j.rows + 2 {
		sum += weigh(j.lessA[k], j.exactly(onlyA+both, k)) + weigh(j.lessB[k], j.exactly(onlyB+both, k))
		sum += weigh(j.moreA[k], j.exactly(onlyA, k)) + weigh(j.moreB[k], j.exactly(onlyB, k))
		if j.equal[k] > 0 {
			sum += weigh(j.equal[k], j.atMost(both, k-1)*j.exactly(onlyA, k)*j.exactly(onlyB, k)+j.exactly(both, k)*j.atMost(onlyA, k)*j.atMost(onlyB, k))
		}
	}
	return sum
}

// weigh is the logarithm of a probability for each of n registers.
func weigh(n, probability float64) float64 {
	if n == 0 {
		return 0
	}
	return n * math.Log(max(probability, 1e-300))
}

// atMost is the probability of a rank of at most k, of n profiles a register.
func (j *joint) atMost(n float64, k int) float64 {
	switch {
	case k < 0:
		return 0
	case k > j.rows:
		return 1
	}
	return math.Exp(-math.Ldexp(n, -k))
}

// exactly is the probability of the rank k.
func (j *joint) exactly(n float64, k int) float64 {
	switch {
	case k == 0:
		return math.Exp(-n)
	case k > j.rows:
		return -math.Expm1(-math.Ldexp(n, -j.rows))
	}
	x := math.Ldexp(n, -k)
	return math.Exp(-x) * -math.Expm1(-x) // exp(-x) - exp(-2x)
}

// climb looks for the most likely numbers near some, one after the other and
// with smaller and smaller steps; the one that is fixed stays.
func (j *joint) climb(from []float64, fixed int) (float64, []float64) {
	at := append([]float64{}, from...)
	value := j.likelihood(at)
	steps := [3]float64{0.1, 0.1, 0.1}
	for range 400 {
		widest := 0.0
		for i := range at {
			if i == fixed {
				continue
			}
			value = j.step(at, i, &steps[i], value)
			widest = max(widest, steps[i])
		}
		if widest < 1e-6 {
			break
		}
	}
	return value, at
}

// step moves one number up or down if that is likelier, and has the next step be
// longer then, else shorter.
func (j *joint) step(at []float64, i int, step *float64, value float64) float64 {
	before := at[i]
	for _, to := range [2]float64{before + *step, before - *step} {
		if to < -20 {
			continue
		}
		at[i] = to
		if now := j.likelihood(at); now > value {
			*step *= 1.6
			return now
		}
	}
	at[i] = before
	*step /= 2
	return value
}
