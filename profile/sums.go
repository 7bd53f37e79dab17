package profile

import "math"

// sums are running sums of a series' numbers: the sum of any of its windows
// is the difference of two, without adding up what lies between. They are
// kept in memory only, and made when they are first asked for.
//
// The meaning of a sum is the fold of its window from the left, and in
// floating point that is another number. Both are near the true sum: adding
// m numbers one by one errs by at most gamma(m-1) = (m-1)u/(1-(m-1)u) times
// the sum of their magnitudes, u = 2^-53, in whatever order (Higham,
// Accuracy and Stability of Numerical Algorithms, 2nd edition, section 4.2).
// Of a difference of two running sums over at most m numbers of magnitude A
// in all, the two sums, the fold and the subtraction err by less than
// 3 gamma(m) A + 2uA together; A itself is computed and gamma(m) exceeds mu
// by less than a millionth here. errorFactor leaves room for all that and
// for the rounding of the bound and of what is done with it.
type sums struct {
	at       []running // at[k] is that of the first k numbers of the column
	integers bool      // whether all are whole numbers
	positive bool      // whether none is below 0, nor NaN
}

// running is the sum of numbers and of their magnitudes.
type running struct{ sum, magnitude float64 }

const (
	errorFactor = 16 * 0x1p-53
	// exactInteger is the magnitude up to which sums of whole numbers are exact.
	exactInteger = 1 << 53
	// greatest is the magnitude up to which no sum can overflow.
	greatest = math.MaxFloat64 / 4
)

// cut forgets the running sums that reach beyond the first i numbers; -1
// forgets all, so that the next begin at the numbers there are then.
func (s *sums) cut(i int) {
	if s != nil && len(s.at) > i+1 {
		s.at = s.at[:i+1]
	}
}

// extend brings the running sums up to date with the column.
func (s *sums) extend(nums []float64) {
	if len(s.at) == 0 {
		s.at = append(s.at, running{})
		s.integers, s.positive = true, true
	}
	last := s.at[len(s.at)-1]
	for _, v := range nums[len(s.at)-1:] {
		last.sum += v
		last.magnitude += math.Abs(v)
		s.integers = s.integers && v == math.Trunc(v)
		s.positive = s.positive && v >= 0
		s.at = append(s.at, last)
	}
}

// between returns the sum of the numbers i to j of the column, added to
// start, and by how much the fold of it all may differ at most. It fails
// where a sum might overflow, or is none of finite numbers.
func (s *sums) between(i, j int, start float64) (sum, off float64, ok bool) {
	magnitude := s.at[j].magnitude + math.Abs(start)
	if !(magnitude <= greatest) {
		return 0, 0, false
	}
	sum = start + (s.at[j].sum - s.at[i].sum)
	if s.integers && magnitude <= exactInteger && start == math.Trunc(start) {
		return sum, 0, true
	}
	return sum, errorFactor * float64(j+1) * magnitude, true
}

func (s *sums) bytes() int {
	if s == nil {
		return 0
	}
	return 32 + 16*cap(s.at)
}
