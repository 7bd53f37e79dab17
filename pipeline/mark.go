package pipeline

import (
	"cmp"
	"slices"
)

// Mark says that a segment counts events since an instant only, because those
// before were not kept in the shard.
type Mark struct {
	Segment string
	Since   int64 // milliseconds since 1970 UTC
}

// Marks lists the marks of the segments that the newest rule set brought or
// changed, in order of segment.
func (d *Driver) Marks() []Mark {
	var marks []Mark
	for id, e := range d.shard.catalog.segments {
		if e.since == d.shard.generation && e.tracked != 0 {
			marks = append(marks, Mark{id, e.tracked})
		}
	}
	slices.SortFunc(marks, func(a, b Mark) int { return cmp.Compare(a.Segment, b.Segment) })
	return marks
}
