package engine

import (
	"slices"

	"muster/profile"
	"muster/rules/internal/language"
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

func (b *Builder) inputsOf(term *language.Term) inputs {
	var in inputs
	term.Each(func(term *language.Term) {
		switch term.Op {
		case language.OpTrait:
			in.traits = append(in.traits, b.trait(profile.Path(term.Name)))
		case language.OpAggregate:
			q := b.query(term.Aggregate)
			in.series = append(in.series, q.Series)
		case language.OpSegment:
			in.segments = append(in.segments, b.segment(term.Name))
		case language.OpHeld:
			in.segments = append(in.segments, b.set.segments+b.condition(term))
		case language.OpFirstSeen:
			in.firstSeen = true
		case language.OpLastSeen:
			in.lastSeen = true
		case language.OpGroups, language.OpGroupList:
			in.groups = true
		case language.OpInstant:
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
func (l *listeners) of(in inputs, visit func(*sensors)) {
	for _, i := range in.traits {
		visit(&l.traits[i])
	}
	for _, i := range in.series {
		visit(&l.series[i])
	}
	for _, one := range []struct {
		uses    bool
		sensors *sensors
	}{{in.firstSeen, &l.firstSeen}, {in.lastSeen, &l.lastSeen}, {in.groups, &l.groups}} {
		if one.uses {
			visit(one.sensors)
		}
	}
	if in.clock {
		visit(&l.clock)
	}
	if len(in.traits)+len(in.series)+len(in.segments) == 0 && !in.firstSeen && !in.lastSeen && !in.groups {
		visit(&l.identity)
	}
}
