package profile

import (
	"slices"

	"muster/event"
)

// Estimates of what parts of points take when stored, in bytes.
const (
	bytesPerSeries = 16
	bytesPerTime   = 6
	bytesPerNumber = 9
	bytesPerLength = 2
	bytesPerLump   = 48
)

// distinctShare is how many bytes of the bound there must be for each value
// of a total of distinct ones. A value takes at most 20, so the total takes a
// quarter at most.
const distinctShare = 80

// blobBytes estimates the bytes that the points take when stored.
func (p *points) blobBytes() int {
	if p.empty() {
		return 0
	}
	if p.steps != nil {
		return p.steps.blobBytes()
	}
	return bytesPerSeries + bytesPerTime*p.len() + bytesPerNumber*len(p.numbers()) + bytesPerLength*len(p.values()) + p.text + bytesPerLump*len(p.lumps)
}

// relief is the work of bringing a profile's series back within their bound.
type relief struct {
	schema *Schema
	bound  int
	event  *event.Event // the event that passed the bound
	taken  int          // how many series it changed, the last of Changed.Series
	fresh  []novelty    // what it brought to series that spread
}

// relieve gives up detail until the series take an eighth less than their
// bound, so that it is rarely needed. What has expired goes first: when that
// happened to be dropped must make no difference.
func (p *Profile) relieve(r *relief, now int64, changed *Changed) {
	p.expire(r.schema, now)
	if p.stateBytes <= r.bound {
		return
	}
	changed.Relieved = true
	for i := range p.kept {
		p.changed(&p.kept[i], r.schema)
	}
	own := changed.Series[len(changed.Series)-r.taken:]
	for p.stateBytes > r.bound-r.bound/8 {
		pts, step := p.oldestLumps(r.schema), (*points).joinOldest
		if pts == nil {
			pts, step = p.mostEntries(r.schema), (*points).foldHalf
		}
		if pts == nil {
			break
		}
		p.stateBytes -= pts.blobBytes()
		step(pts, &r.schema.Series[pts.series])
		p.stateBytes += pts.blobBytes()
		if !slices.Contains(changed.Series, pts.series) {
			changed.Series = append(changed.Series, pts.series)
		}
	}
	if p.stateBytes > r.bound {
		p.refuseDistinct(r, own)
	}
}

// oldestLumps returns the series whose first lump is the oldest, of
// those that have another to merge it with.
func (p *Profile) oldestLumps(s *Schema) *points {
	var found *points
	for i := range p.kept {
		pts := p.kept[i].points
		if s.Series[pts.series].Keep.Sliding() && len(pts.lumps) > 1 && (found == nil || pts.lumps[0].last < found.lumps[0].last) {
			found = pts
		}
	}
	return found
}

// mostEntries returns the series in which folding entries gains most.
func (p *Profile) mostEntries(s *Schema) *points {
	var found *points
	most := 0
	for i := range p.kept {
		pts := p.kept[i].points
		if k := s.Series[pts.series].Keep; !k.Sliding() && !k.Ordered() && k != KeepTotalNumbers {
			continue
		}
		if gain := pts.gain(); gain > most {
			found, most = pts, gain
		}
	}
	return found
}

// gain is what folding all entries of a series would free; of one that has
// no lump yet, little is nothing.
func (p *points) gain() int {
	if p.steps != nil {
		return p.steps.gain()
	}
	gain := p.blobBytes() - bytesPerSeries - bytesPerLump*len(p.lumps)
	if p.vals == nil && len(p.lumps) == 0 && gain <= 2*bytesPerLump {
		return 0
	}
	return gain
}

func (p *points) joinOldest(*Series) { p.joinLumps(0) }

// foldHalf folds the oldest entries, 64 or half of them, into the last
// lump. Values are forgotten; of steps it is known how far they lead.
func (p *points) foldHalf(s *Series) {
	if p.steps != nil {
		p.steps.fold(s, min(lumpEntries, (len(p.steps.times)+1)/2))
		return
	}
	n := min(lumpEntries, (p.len()+1)/2)
	if p.vals != nil {
		p.cut(n)
		return
	}
	b := p.takeOldest(n)
	if last := len(p.lumps) - 1; last >= 0 {
		p.lumps[last].merge(b)
		return
	}
	p.lumps = append(p.lumps, b)
}

// refuseDistinct takes back the distinct values of all time that the event
// brought to the given series.
func (p *Profile) refuseDistinct(r *relief, own []int) {
	for _, series := range own {
		one := &r.schema.Series[series]
		if one.Keep != KeepTotalDistinct {
			continue
		}
		pts := p.find(r.schema, series)
		p.stateBytes -= pts.blobBytes()
		if one.Spread {
			pts.removeFresh(r.fresh)
		} else {
			pts.removeDistinct(encodeKey(one.Project(r.event)))
		}
		p.stateBytes += pts.blobBytes()
	}
}
