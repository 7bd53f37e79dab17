package profile

// sheet is the memory that the points of a loaded profile's series share until
// the profile is stored: who loads a profile reads most of them, once. It goes
// from one profile to the next.
type sheet struct {
	points []points
	times  []int64
	nums   []float64
	vals   []string
	lumps  []lump
}

// sheetLeast is how many entries the columns of a sheet have at least. One that
// is asked for more than sheetMost keeps the size it has.
const (
	sheetLeast = 32
	sheetMost  = 2048
)

// lay returns empty points for so many series, and has r read the entries of
// their columns into the sheet.
func (s *sheet) lay(r *reader, series int) []points {
	if series > len(s.points) {
		s.points = make([]points, series)
	}
	r.least = sheetLeast
	r.times, r.nums, r.vals, r.lumps = s.times, s.nums, s.vals, s.lumps
	return s.points[:series]
}

// fit makes a sheet large enough, for the next profile, for as many entries as
// these points have.
func (s *sheet) fit(of []points) {
	var times, nums, vals, lumps int
	for i := range of {
		times, nums = times+len(of[i].times), nums+len(of[i].nums)
		vals, lumps = vals+len(of[i].vals), lumps+len(of[i].lumps)
	}
	s.times, s.nums = room(s.times, times), room(s.nums, nums)
	s.vals, s.lumps = room(s.vals, vals), room(s.lumps, lumps)
}

// room returns a column with room for n entries.
func room[T any](column []T, n int) []T {
	if n <= len(column) || n > sheetMost {
		return column
	}
	return make([]T, max(2*n, sheetLeast))
}
