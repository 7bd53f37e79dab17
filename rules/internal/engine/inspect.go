package engine

import (
	"slices"

	"muster/catalogue"
	"muster/event"
	"muster/profile"
	"muster/rules/internal/language"
)

// maxFlipSteps bounds the instants that are tried to find the next flip of
// a condition. Beyond it the flip is not named.
const maxFlipSteps = 10_000

// Inspector says what single terms of a rule are for one profile at one
// instant. It compiles each term anew, so it is slow and meant for people.
type Inspector struct {
	set      *Set
	env      env
	series   map[string]int
	position func(id string) int
}

// NewInspector returns an inspector of a profile at stream time now. It asks
// position for the positions of segments.
func NewInspector(s *Set, p *profile.Profile, now int64, position func(id string) int) *Inspector {
	x := &Inspector{set: s, env: env{set: s, profile: p, now: now}, series: map[string]int{}, position: position}
	for i, one := range s.schema.Series {
		x.series[one.Key] = i
	}
	return x
}

func (x *Inspector) trait(profile.Path) int { return 0 } // there is no cache

func (x *Inspector) segment(id string) int { return x.position(id) }

func (x *Inspector) column(id, name string) *catalogue.Column { return x.set.tables.Column(id, name) }

func (x *Inspector) query(a *language.Aggregate) profile.Query { return x.Query(a) }

// Query returns the query of an aggregate that a rule of the set asks for.
func (x *Inspector) Query(a *language.Aggregate) profile.Query {
	w := a.Stream.Window
	return profile.Query{Series: x.series[a.Key()], Reduce: a.Reduce, From: w.From, To: w.To}
}

// condition returns the number of the condition of a held(...).
func (x *Inspector) condition(t *language.Term) int {
	return slices.Index(x.set.schema.Conditions, t.Args[0].String())
}

// Holds reports whether a condition is true.
func (x *Inspector) Holds(t *language.Term) bool { return compileCondition(t, x)(&x.env) }

// Value returns what a term yields.
func (x *Inspector) Value(t *language.Term) event.Value { return compileValue(t, x)(&x.env) }

// AtLeast reports whether a term is a count that is kept only as far as rules
// can tell it, so that there may be more.
func (x *Inspector) AtLeast(t *language.Term) bool {
	if t.Op != language.OpAggregate {
		return false
	}
	q := x.query(t.Aggregate)
	newest := x.set.schema.Series[q.Series].Newest
	return newest > 0 && x.env.profile.Read(x.set.schema, q, x.env.now).Number() >= float64(newest)
}

// Since returns the stream time (ms) since when the condition of a held(...)
// is true; false when it is not, and for any other term.
func (x *Inspector) Since(t *language.Term) (int64, bool) {
	if t.Op != language.OpHeld {
		return 0, false
	}
	return x.env.profile.Since(x.condition(t))
}

// NextFlip returns the instant (ms) at which a condition next changes with
// time alone; false for never or too far off to tell.
func (x *Inspector) NextFlip(t *language.Term) (int64, bool) {
	test, later := compileCondition(t, x), x.outlook(t)
	holds := test(&x.env)
	for range maxFlipSteps {
		at := later.nextInstant(t)
		if at == 0 {
			return 0, false
		}
		later.move(at)
		if test(&later.ahead) != holds {
			return at, true
		}
	}
	return 0, false
}
