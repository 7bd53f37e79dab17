package insights

import (
	"cmp"
	"slices"
)

// falseDiscoveries is the part of what is told to differ that may be chance.
const falseDiscoveries = 0.05

// adjusted returns, for each p-value of a family of comparisons, its q-value:
// the least rate of false discoveries at which it is a discovery. Who believes
// all comparisons with q <= 0.05 is wrong about one in twenty of these, however
// many comparisons were made.
//
// It is the procedure of Y. Benjamini and Y. Hochberg (Controlling the false
// discovery rate, Journal of the Royal Statistical Society B 57, 1995). It holds
// for comparisons that are independent or depend on each other positively.
func adjusted(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(p[b], p[a]) }) // the largest first
	q, least := make([]float64, len(p)), 1.0
	for i, at := range order {
		rank := len(p) - i
		least = min(least, p[at]*(float64(len(p))/float64(rank)))
		q[at] = least
	}
	return q
}
