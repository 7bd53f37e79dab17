package rules

import (
	"slices"

	"muster/profile"
)

// inputs is what an expression looks at.
type inputs struct {
	traits    []int // indexes of Schema.Traits
	series    []int // indexes of Schema.Series
	segments  []int // positions, of conditions too
	firstSeen bool
	lastSeen  bool
	groups    bool
	clock     bool // the current time itself; windows move with their series
}

func (b *builder) inputsOf(t *Term) inputs {
	var in inputs
	t.each(func(t *Term) {
		switch t.op {
		case opTrait:
			in.traits = append(in.traits, b.trait(profile.Path(t.name)))
		case opAggregate:
			q := b.query(t.aggregate)
			in.series = append(in.series, q.Series)
		case opSegment:
			in.segments = append(in.segments, b.segment(t.name))
		case opHeld:
			in.segments = append(in.segments, b.set.Len()+b.condition(t))
		case opFirstSeen:
			in.firstSeen = true
		case opLastSeen:
			in.lastSeen = true
		case opGroups:
			in.groups = true
		case opInstant:
			in.clock = true
		}
	})
	for _, list := range []*[]int{&in.traits, &in.series, &in.segments} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return in
}

// sensors are what has to be read again when an input changes: scales, bit
// sensors and residuals, by their numbers in the set.
type sensors struct {
	scales    []int32
	bits      []int32
	residuals []int32
}

func (s *sensors) none() bool { return len(s.scales)+len(s.bits)+len(s.residuals) == 0 }

// listeners maps every input to its sensors.
type listeners struct {
	traits    []sensors
	series    []sensors
	firstSeen sensors
	lastSeen  sensors
	groups    sensors
	clock     sensors // those that look at the current time itself
	identity  sensors // those that look at the profile's id only
}

// of calls f with the sensors of every input.
func (l *listeners) of(in inputs, f func(*sensors)) {
	for _, i := range in.traits {
		f(&l.traits[i])
	}
	for _, i := range in.series {
		f(&l.series[i])
	}
	for _, one := range []struct {
		uses    bool
		sensors *sensors
	}{{in.firstSeen, &l.firstSeen}, {in.lastSeen, &l.lastSeen}, {in.groups, &l.groups}} {
		if one.uses {
			f(one.sensors)
		}
	}
	if in.clock {
		f(&l.clock)
	}
	if len(in.traits)+len(in.series)+len(in.segments) == 0 && !in.firstSeen && !in.lastSeen && !in.groups {
		f(&l.identity)
	}
}
