package main

import (
	"fmt"
	"runtime"

	"muster/event"
	"muster/profile"
	"muster/rules"
	"muster/test/kit/workload"
)

// compiled is a set and what making it took.
type compiled struct {
	set          *rules.Set
	bytesPerRule float64
	usPerRule    float64
}

// compilations is how often a set is made to find the median time.
const compilations = 3

// compileSet compiles segments and measures it. Live heap growth leaves out
// the segments that are handed in, and so the texts of the rules.
func compileSet(segments []rules.Segment, sample []*profile.Profile) (compiled, error) {
	var c compiled
	var took series
	before := liveHeap()
	for range compilations {
		c.set = nil
		runtime.GC()
		start := processTime()
		set, err := rules.CompileWith(segments, rules.Options{Sample: sample, Now: start0})
		if err != nil {
			return c, fmt.Errorf("compiling %d segments: %w", len(segments), err)
		}
		took.add(processTime()-start, len(segments))
		c.set = set
	}
	c.bytesPerRule = float64(int64(liveHeap())-int64(before)) / float64(len(segments))
	c.usPerRule = took.median()
	runtime.KeepAlive(segments)
	runtime.KeepAlive(sample)
	return c, nil
}

// start0 is the stream time at which every measurement begins: the first of
// November 2026.
const start0 = 1793491200000

// segmentsOf names rules by their number.
func segmentsOf(list []*workload.Predicate) []rules.Segment {
	segments := make([]rules.Segment, len(list))
	for i, rule := range list {
		segments[i] = rules.NewSegment(fmt.Sprintf("s-%06d", i), rule.Text(workload.Muster))
	}
	return segments
}

// identify is the event that sets traits.
func identify(id string, at int64, changes []workload.Change) *event.Event {
	pairs := make([]event.Value, 0, 2*len(changes))
	for _, c := range changes {
		pairs = append(pairs, event.StringOf(c.Attribute.Name), c.Value)
	}
	return &event.Event{Type: event.Identify, Profile: id, Time: at, Arrival: at, Body: event.ObjectOf(pairs)}
}
