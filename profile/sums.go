package profile

// sums are running sums of a series' numbers: the sum of any of its windows
// is the difference of two, without adding up what lies between, and exactly
// so. They are kept in memory only, and made when they are first asked for.
//
// While all numbers have at most two digits behind the point, as most series'
// have, the sums are whole numbers of hundredths. From the first other number
// on they are decimals, until all are forgotten.
type sums struct {
	cents    []int64   // cents[k] is that of the first k numbers of the column; nil where decimals is not
	decimals []decimal // the same of any numbers
	positive bool      // whether none is below 0
}

// mostCents is up to where sums of hundredths are kept: the next number fits
// behind any of them.
const mostCents = 1 << 62

// cut forgets the running sums that reach beyond the first i numbers; -1
// forgets all, so that the next begin at the numbers there are then.
func (s *sums) cut(i int) {
	switch {
	case s == nil:
	case len(s.decimals) > i+1:
		s.decimals = s.decimals[:i+1]
	case len(s.cents) > i+1:
		s.cents = s.cents[:i+1]
	}
}

// extend brings the running sums up to date with the column.
func (s *sums) extend(nums []float64) {
	if len(s.decimals) == 0 {
		if s.extendCents(nums) {
			return
		}
		s.convert()
	}
	last := s.decimals[len(s.decimals)-1]
	for _, v := range nums[len(s.decimals)-1:] {
		last = last.plus(decimalOf(v))
		s.positive = s.positive && v >= 0
		s.decimals = append(s.decimals, last)
	}
}

// extendCents is extend as long as hundredths will do, and reports whether
// they did for all.
func (s *sums) extendCents(nums []float64) bool {
	if len(s.cents) == 0 {
		s.cents = append(s.cents, 0)
		s.positive = true
	}
	last := s.cents[len(s.cents)-1]
	for _, v := range nums[len(s.cents)-1:] {
		n, ok := hundredthsOf(v)
		if last += int64(n); !ok || last > mostCents || last < -mostCents {
			return false
		}
		s.positive = s.positive && v >= 0
		s.cents = append(s.cents, last)
	}
	return true
}

// convert makes decimals of the sums there are.
func (s *sums) convert() {
	for _, n := range s.cents {
		s.decimals = append(s.decimals, wholeHundredths(n))
	}
	s.cents = nil
}

// between returns the sum of the numbers i to j of the column.
func (s *sums) between(i, j int) decimal {
	if n, ok := s.centsBetween(i, j); ok {
		return wholeHundredths(n)
	}
	return s.decimals[j].minus(s.decimals[i])
}

// float is between, rounded once.
func (s *sums) float(i, j int) float64 {
	if n, ok := s.centsBetween(i, j); ok && n <= exact && n >= -exact {
		return float64(n) / 100 // a quotient of exact numbers is rounded once
	}
	return s.between(i, j).float()
}

// centsBetween is between in hundredths, where these are kept.
func (s *sums) centsBetween(i, j int) (n int64, ok bool) {
	if len(s.decimals) > 0 {
		return 0, false
	}
	return s.cents[j] - s.cents[i], true
}

func (s *sums) bytes() int {
	if s == nil {
		return 0
	}
	return 56 + 8*cap(s.cents) + 24*cap(s.decimals)
}
