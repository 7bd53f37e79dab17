package profile

// Bounds of what Spares keep. Of points that is some 5 MB for each kind of
// series at most, and 1 MB as a rule; of sheets some 10 MB as a rule; and of
// the leaves of traits 10 MB at most, and 1 MB as a rule. What comes back
// beyond them is left to the garbage collector.
const (
	sparePoints  = 4096 // points of a kind of series
	spareEntries = 64   // room of one of their columns
	spareSheets  = 2048
	spareSeries  = 256 // that a sheet has room for
	spareLists   = 512 // of leaves
	spareLeaves  = 256 // that a list has room for
)

// Spares keep the points that the profiles of a shard need no more for the
// series that are read or begun next, because their columns have room
// already: a series is read when an event comes for it and given back when
// its profile was stored twice without another, and that is most of what a
// shard would allocate. Like the shard they are used by one goroutine. A nil
// *Spares keeps nothing.
//
// The trap: points that were given back become those of another series.
// Nobody may hold points, or one of their columns, across the storing of
// their profile. Tests built with the tag spoil overwrite what is given back,
// so that who does reads nonsense.
type Spares struct {
	points [keeps][]*points
	sheets []*sheet
	leaf   leaf     // of the traits that are being told
	leaves [][]leaf // lists without any, for traits that are to be changed
}

// take returns empty points for a series that keeps so much. Their columns
// may have room.
func (s *Spares) take(keep Keep) *points {
	if s == nil || len(s.points[keep]) == 0 {
		return &points{}
	}
	last := len(s.points[keep]) - 1
	p := s.points[keep][last]
	s.points[keep][last] = nil
	s.points[keep] = s.points[keep][:last]
	return p
}

// give takes points back that nobody refers to any more.
func (s *Spares) give(keep Keep, p *points) {
	if s == nil || len(s.points[keep]) == sparePoints || p.steps != nil || !p.small() {
		return
	}
	clear(p.vals[:cap(p.vals)]) // texts must not be kept for a column that is empty
	*p = points{times: p.times[:0], nums: p.nums[:0], vals: p.vals[:0], lumps: p.lumps[:0]}
	s.points[keep] = append(s.points[keep], p)
}

// takeSheet returns a sheet that nobody uses.
func (s *Spares) takeSheet() *sheet {
	if s == nil || len(s.sheets) == 0 {
		return &sheet{}
	}
	last := len(s.sheets) - 1
	one := s.sheets[last]
	s.sheets[last] = nil
	s.sheets = s.sheets[:last]
	return one
}

// giveSheet takes a sheet back whose points nobody refers to any more.
func (s *Spares) giveSheet(one *sheet) {
	if s == nil || len(s.sheets) == spareSheets || len(one.points) > spareSeries {
		return
	}
	clear(one.points)
	clear(one.vals)
	s.sheets = append(s.sheets, one)
}

// leafRoom returns memory for one leaf, nil where there is none.
func (s *Spares) leafRoom() *leaf {
	if s == nil {
		return nil
	}
	return &s.leaf
}

// small reports whether the columns are worth keeping.
func (p *points) small() bool {
	return max(cap(p.times), cap(p.nums), cap(p.vals), cap(p.lumps)) <= spareEntries
}

// spoil writes nonsense into points.
func (p *points) spoil() {
	for i := range p.times {
		p.times[i] = -1 << 50
	}
	for i := range p.nums {
		p.nums[i] = -1 << 50
	}
	for i := range p.vals {
		p.vals[i] = "spoiled"
	}
	for i := range p.lumps {
		p.lumps[i] = lump{first: -1 << 50, last: -1 << 50, count: 1 << 50}
	}
}
