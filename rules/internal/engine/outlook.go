package engine

import (
	"maps"
	"slices"

	"muster/rules/internal/language"
)

// outlook is what a profile will be like if nothing happens to it.
type outlook struct {
	*Inspector
	ahead env
	held  []expectation // what something wants held, each behind those within it
}

// expectation is the condition of a held(...).
type expectation struct {
	number int
	test   condition
}

func (x *Inspector) outlook(t *language.Term) *outlook {
	o := &outlook{Inspector: x, ahead: x.env}
	o.ahead.since = map[int]int64{}
	x.env.profile.EachHeld(func(condition int, since int64) { o.ahead.since[condition] = since })
	t.Deep(func(u *language.Term) {
		if u.Op == language.OpHeld {
			o.held = append(o.held, expectation{x.condition(u), compileCondition(u.Args[0], x)})
		}
	})
	slices.Reverse(o.held)
	return o
}

// move goes on to an instant.
func (o *outlook) move(at int64) {
	o.ahead.now = at
	before := maps.Clone(o.ahead.since)
	for _, expected := range o.held {
		since, was := before[expected.number]
		switch is := expected.test(&o.ahead); {
		case !is:
			delete(o.ahead.since, expected.number)
		case was:
			o.ahead.since[expected.number] = since
		default:
			o.ahead.since[expected.number] = at
		}
	}
}

// nextInstant returns the next instant at which anything that a condition
// looks at may change, 0 for none.
func (o *outlook) nextInstant(term *language.Term) int64 {
	next, now := int64(0), o.ahead.now
	sooner := func(at int64) {
		if at > now {
			next = earlier(next, at)
		}
	}
	term.Deep(func(term *language.Term) {
		switch term.Op {
		case language.OpAggregate:
			sooner(o.ahead.profile.NextChange(o.set.schema, o.query(term.Aggregate), now))
		case language.OpHeld:
			if since, is := o.ahead.since[o.condition(term)]; is {
				sooner(since + term.Offset)
			}
		}
		for i, side := range term.Args {
			if _, compares := mirrored[term.Op]; !compares || side.Op != language.OpInstant {
				continue
			}
			if ms, ok := compileValue(term.Args[1-i], o)(&o.ahead).AsTime(); ok {
				sooner(ms - side.Offset)
				sooner(ms - side.Offset + 1)
			}
		}
	})
	return next
}
