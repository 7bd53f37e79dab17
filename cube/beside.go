package cube

import (
	"math"

	"muster/hyperloglog"
)

// Beside is what the profiles of a row and those of a sketch are together, about.
type Beside struct {
	Both                          int64 // in the row and in the sketch
	Low, High                     int64 // the truth of Both, in at least 95 of 100 cases
	Either, EitherLow, EitherHigh int64
	// Wide says that the band is wider than the value: too few are in both, beside
	// those that are in one, to tell how many.
	Wide bool
}

// Beside estimates what a row and a sketch have in common, and together.
func (r *Row) Beside(other *hyperloglog.Sketch) Beside {
	own := &hyperloglog.Sketch{}
	if r.crowd != nil {
		own = r.crowd.asSketch()
	}
	o := hyperloglog.Joint(own, other)
	most := r.High
	b := Beside{Both: min(int64(math.Round(o.Both)), most), Low: min(int64(math.Floor(o.Low)), most), High: min(int64(math.Ceil(o.High)), most)}
	own.Merge(other)
	b.Either = own.Estimate()
	off := int64(math.Ceil(float64(b.Either) * 1.96 * own.StandardError()))
	b.EitherLow, b.EitherHigh = max(r.Low, b.Either-off), b.Either+off
	b.Either = max(b.Either, b.EitherLow)
	b.Wide = b.High-b.Low > b.Both && b.High > 0
	return b
}

// asSketch returns the crowd as a sketch of the caller's own.
func (c *Crowd) asSketch() *hyperloglog.Sketch {
	s := &hyperloglog.Sketch{}
	if c.sketch != nil {
		s.Merge(c.sketch)
	}
	for _, hash := range c.hashes {
		s.Add(hash)
	}
	return s
}
