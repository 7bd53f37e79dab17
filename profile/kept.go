package profile

import (
	"slices"
	"sort"
)

// kept is what a profile keeps of one series: its points, or what is stored
// of them until somebody asks. An event concerns a few of a profile's series;
// of the others what is stored takes a fraction of the memory, and is copied
// when the profile is stored again.
type kept struct {
	series   int32
	at, size uint32  // where in the block the points are as they are stored; size 0 when they have changed since
	keep     Keep    // of the series
	shared   bool    // points are in one piece of memory with those of other series, which none must keep for long
	fresh    bool    // changed since the profile was last stored
	until    int64   // instant from which some of them have expired, 1 when that is not known, 0 for never
	points   *points // nil until they are needed
}

// decoded returns the points of a kept series, to be read.
func (p *Profile) decoded(k *kept, s *Schema) *points {
	if k.points == nil {
		one := &s.Series[k.series]
		pts := p.spares.take(one.Keep)
		r := reader{blob: p.encoded(k)}
		r.points(pts)
		if one.Keep.Ordered() {
			pts.ordered(one)
		}
		pts.ownTexts()
		pts.series = int(k.series)
		k.points = pts
	}
	return k.points
}

// changed returns the points of a kept series, to be changed.
func (p *Profile) changed(k *kept, s *Schema) *points {
	pts := p.decoded(k, s)
	if k.shared {
		pts = pts.copied(p.spares.take(k.keep))
		pts.ownTexts() // the blob must not stay for them
		k.points, k.shared = pts, false
	}
	k.size, k.fresh = 0, true
	if k.keep.expires() {
		k.until = 1
	}
	return pts
}

// appendKept writes the points of a kept series behind b. Those that are stored
// as they were are not needed any more, nor are those that nothing has changed
// twice in a row. Of these the size is known from then on.
func (p *Profile) appendKept(b []byte, k *kept, s *Schema) []byte {
	if k.size > 0 {
		p.leavePoints(k)
		return append(b, p.block[k.at:k.at+k.size]...)
	}
	start := len(b)
	b = k.points.append(b)
	k.until = k.points.expiry(&s.Series[k.series])
	if !k.fresh {
		k.size = uint32(len(b) - start)
		p.leavePoints(k)
	}
	k.fresh = false
	return b
}

// leavePoints gives up the points of a series.
func (p *Profile) leavePoints(k *kept) {
	if k.points == nil {
		return
	}
	if spoiling {
		k.points.spoil()
	}
	if !k.shared {
		p.spares.give(k.keep, k.points)
	}
	k.points, k.shared = nil, false
}

// bytes estimates the memory that k takes, beside what it has of the block.
func (k *kept) bytes() int {
	n := 32
	if k.points != nil {
		n += k.points.bytes()
	}
	return n
}

// indexOf returns where a series is, or would be.
func (p *Profile) indexOf(series int) (int, bool) {
	i := sort.Search(len(p.kept), func(i int) bool { return int(p.kept[i].series) >= series })
	return i, i < len(p.kept) && int(p.kept[i].series) == series
}

// find returns the points of a series, to be read, nil when there are none.
func (p *Profile) find(s *Schema, series int) *points {
	if i, found := p.indexOf(series); found {
		return p.decoded(&p.kept[i], s)
	}
	return nil
}

// change returns the points of a series, to be changed.
func (p *Profile) change(s *Schema, series int) *points {
	i, found := p.indexOf(series)
	if !found {
		keep := s.Series[series].Keep
		begun := p.spares.take(keep)
		begun.series = series
		p.kept = slices.Insert(p.kept, i, kept{series: int32(series), keep: keep, points: begun})
	}
	return p.changed(&p.kept[i], s)
}

// expire forgets what no window reads any more at stream time now.
func (p *Profile) expire(s *Schema, now int64) {
	for i := range p.kept {
		k := &p.kept[i]
		if k.until == 0 || k.until > now {
			continue
		}
		fresh, pts := k.fresh, p.changed(k, s)
		p.stateBytes -= pts.blobBytes()
		pts.expire(now - s.Series[k.series].Window)
		p.stateBytes += pts.blobBytes()
		k.fresh = fresh
	}
}

// Each calls f with every series that the profile keeps something of.
func (p *Profile) Each(f func(series int)) {
	for i := range p.kept {
		f(int(p.kept[i].series))
	}
}
