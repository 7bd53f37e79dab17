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
	series  int
	encoded string  // the points as they are stored, "" when they have changed since
	until   int64   // instant from which some of them have expired, 1 when that is not known, 0 for never
	points  *points // nil until they are needed
	shared  bool    // they are in one piece of memory with those of other series, which none must keep for long
	fresh   bool    // changed since the profile was last stored
}

// decoded returns the points, to be read.
func (k *kept) decoded(s *Schema) *points {
	if k.points == nil {
		pts := (&reader{blob: k.encoded}).points()
		if one := &s.Series[k.series]; one.Keep.Ordered() {
			pts.ordered(one)
		}
		pts.series = k.series
		k.points = &pts
	}
	return k.points
}

// change returns the points, to be changed.
func (k *kept) change(s *Schema) *points {
	pts := k.decoded(s)
	if k.shared {
		pts = pts.apart()
		k.points, k.shared = pts, false
	}
	k.encoded, k.fresh = "", true
	if s.Series[k.series].Keep.expires() {
		k.until = 1
	}
	return pts
}

// append writes the points behind b. Those that are stored as they were are
// not needed any more, nor are those that nothing has changed twice in a row.
func (k *kept) append(b []byte, s *Schema) []byte {
	if k.encoded != "" {
		k.points, k.shared = nil, false
		return append(b, k.encoded...)
	}
	start := len(b)
	b = k.points.append(b)
	k.until = k.points.expiry(&s.Series[k.series])
	if !k.fresh {
		k.encoded, k.points = string(b[start:]), nil
	}
	k.fresh = false
	return b
}

// bytes estimates the memory that k takes.
func (k *kept) bytes() int {
	n := 64 + len(k.encoded)
	if k.points != nil {
		n += k.points.bytes()
	}
	return n
}

// indexOf returns where a series is, or would be.
func (p *Profile) indexOf(series int) (int, bool) {
	i := sort.Search(len(p.kept), func(i int) bool { return p.kept[i].series >= series })
	return i, i < len(p.kept) && p.kept[i].series == series
}

// find returns the points of a series, to be read, nil when there are none.
func (p *Profile) find(s *Schema, series int) *points {
	if i, found := p.indexOf(series); found {
		return p.kept[i].decoded(s)
	}
	return nil
}

// change returns the points of a series, to be changed.
func (p *Profile) change(s *Schema, series int) *points {
	i, found := p.indexOf(series)
	if !found {
		p.kept = slices.Insert(p.kept, i, kept{series: series, points: &points{series: series}})
	}
	return p.kept[i].change(s)
}

// expire forgets what no window reads any more at stream time now.
func (p *Profile) expire(s *Schema, now int64) {
	for i := range p.kept {
		k := &p.kept[i]
		if k.until == 0 || k.until > now {
			continue
		}
		fresh, pts := k.fresh, k.change(s)
		p.stateBytes -= pts.blobBytes()
		pts.expire(now - s.Series[k.series].Window)
		p.stateBytes += pts.blobBytes()
		k.fresh = fresh
	}
}

// Each calls f with every series that the profile keeps something of.
func (p *Profile) Each(f func(series int)) {
	for i := range p.kept {
		f(p.kept[i].series)
	}
}
