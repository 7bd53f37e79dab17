package hyperloglog

import "math"

// Estimate returns about how many different texts were added. It is the
// estimator of Otmar Ertl, "New cardinality estimation algorithms for
// HyperLogLog sketches", 2017, step by step as Redis computes it since 5.0.
//
// Products are rounded by themselves, so that no processor fuses them with a
// sum and comes to another number.
func (s *Sketch) Estimate() int64 {
	m, rows := float64(s.size()), s.rows()
	counts := [maxRank + 1]int{s.size()} // of registers, by rank
	for _, rank := range s.each {
		counts[0]--
		counts[min(int(rank), rows+1)]++ // a broken packed form may have more
	}
	z := float64(m * tau((m-float64(counts[rows+1]))/m))
	for rank := rows; rank >= 1; rank-- {
		z = (z + float64(counts[rank])) * 0.5
	}
	z += float64(m * sigma(float64(counts[0])/m))
	const alpha = 0.721347520444481703680 // 1 / (2 ln 2)
	return int64(math.Round(alpha * m * m / z))
}

// sigma corrects for registers that are 0.
func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	y, z := 1.0, x
	for before := math.NaN(); z != before; {
		x *= x
		before = z
		z += float64(x * y)
		y += y
	}
	return z
}

// tau corrects for registers that can't go higher.
func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	y, z := 1.0, 1-x
	for before := math.NaN(); z != before; {
		x = math.Sqrt(x)
		before = z
		y *= 0.5
		z -= float64((1 - x) * (1 - x) * y)
	}
	return z / 3
}
