package profile

// sums are running sums of a series' numbers: the sum of any of its windows
// is the difference of two, without adding up what lies between, and exactly
// so. They are kept in memory only, and made when they are first asked for.
type sums struct {
	at       []decimal // at[k] is that of the first k numbers of the column
	positive bool      // whether none is below 0
}

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
		s.at = append(s.at, decimal{})
		s.positive = true
	}
	last := s.at[len(s.at)-1]
	for _, v := range nums[len(s.at)-1:] {
		last = last.plus(decimalOf(v))
		s.positive = s.positive && v >= 0
		s.at = append(s.at, last)
	}
}

// between returns the sum of the numbers i to j of the column.
func (s *sums) between(i, j int) decimal { return s.at[j].minus(s.at[i]) }

func (s *sums) bytes() int {
	if s == nil {
		return 0
	}
	return 32 + 24*cap(s.at)
}
