package rules

import (
	"maps"
	"slices"
	"time"
)

// deep calls f with t and everything below it, what stands in held(...)
// included, each before what is below it.
func (t *Term) deep(f func(*Term)) {
	t.each(func(u *Term) {
		f(u)
		if u.op == opHeld {
			u.args[0].deep(f)
		}
	})
}

// condition returns the number of the condition of a held(...).
func (x *explainer) condition(t *Term) int {
	return slices.Index(x.set.schema.Conditions, t.args[0].String())
}

// since returns since when the condition of a held(...) is true, nil when it
// is not.
func (x *explainer) since(t *Term) *time.Time {
	if t.op != opHeld {
		return nil
	}
	ms, is := x.env.profile.Since(x.condition(t))
	if !is {
		return nil
	}
	at := time.UnixMilli(ms).UTC()
	return &at
}

// outlook is what a profile will be like if nothing happens to it.
type outlook struct {
	*explainer
	ahead env
	held  []expectation // what something wants held, each behind those within it
}

// expectation is the condition of a held(...).
type expectation struct {
	number int
	test   condition
}

func (x *explainer) outlook(t *Term) *outlook {
	o := &outlook{explainer: x, ahead: x.env}
	o.ahead.since = map[int]int64{}
	x.env.profile.EachHeld(func(condition int, since int64) { o.ahead.since[condition] = since })
	t.deep(func(u *Term) {
		if u.op == opHeld {
			o.held = append(o.held, expectation{x.condition(u), compileCondition(u.args[0], x)})
		}
	})
	slices.Reverse(o.held)
	return o
}

// move goes on to an instant.
func (o *outlook) move(at int64) {
	o.ahead.now = at
	before := maps.Clone(o.ahead.since)
	for _, e := range o.held {
		since, was := before[e.number]
		switch is := e.test(&o.ahead); {
		case !is:
			delete(o.ahead.since, e.number)
		case was:
			o.ahead.since[e.number] = since
		default:
			o.ahead.since[e.number] = at
		}
	}
}
