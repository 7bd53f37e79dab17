package rules

import (
	"fmt"
	"strings"
	"time"

	"muster/event"
	"muster/profile"
)

// Explanation is one node of a rule as it stands for a profile.
type Explanation struct {
	Text  string         `json:"text"`            // the node as text of the language
	Holds *bool          `json:"holds,omitempty"` // the truth of a condition
	Value string         `json:"value,omitempty"` // what anything else yields
	Since *time.Time     `json:"since,omitempty"` // since when the condition of held(...) is true, UTC
	Flips *time.Time     `json:"flips,omitempty"` // when a condition next flips by itself, UTC
	Parts []*Explanation `json:"parts,omitempty"`
}

// maxFlipSteps bounds the instants that are tried to find the next flip of
// a condition. Beyond it the flip is not named.
const maxFlipSteps = 10_000

// Explain evaluates a segment's rule for a profile at stream time now and
// shows every step. It is slow and meant for people.
func (s *Set) Explain(p *profile.Profile, segment string, now int64) (*Explanation, error) {
	position, known := s.Position(segment)
	if !known {
		return nil, fmt.Errorf("explaining: there is no segment %s", segment)
	}
	rule, mistakes := checkRule(s.segments[position].Rule)
	if len(mistakes) > 0 {
		return nil, fmt.Errorf("explaining segment %s: %s", segment, mistakes[0].message)
	}
	x := &explainer{set: s, env: env{set: s, profile: p, now: now}, series: map[string]int{}}
	for i, one := range s.schema.Series {
		x.series[one.Key] = i
	}
	return x.explain(rule.term), nil
}

// explainer walks a rule's terms for one profile.
type explainer struct {
	set    *Set
	env    env
	series map[string]int
}

func (x *explainer) trait(profile.Path) int { return 0 } // there is no cache

func (x *explainer) segment(id string) int {
	position, _ := x.set.Position(id)
	return position
}

func (x *explainer) query(a *aggregate) profile.Query {
	w := a.stream.window
	return profile.Query{Series: x.series[a.key()], Reduce: a.reduce, From: w.from, To: w.to}
}

func (x *explainer) explain(t *Term) *Explanation {
	e := &Explanation{Text: t.format()}
	if t.kind == event.KindBool {
		holds := compileCondition(t, x)(&x.env)
		e.Holds, e.Since, e.Flips = &holds, x.since(t), x.nextFlip(t, holds)
	} else {
		e.Value = x.atLeast(t) + formatValue(compileValue(t, x)(&x.env))
	}
	for _, part := range t.explained() {
		e.Parts = append(e.Parts, x.explain(part))
	}
	return e
}

// atLeast says of a count that is kept only as far as rules can tell it that
// there may be more; of anything else it is empty.
func (x *explainer) atLeast(t *Term) string {
	if t.op != opAggregate {
		return ""
	}
	q := x.query(t.aggregate)
	newest := x.set.schema.Series[q.Series].Newest
	if newest == 0 || x.env.profile.Read(x.set.schema, q, x.env.now).Number() < float64(newest) {
		return ""
	}
	return "at least "
}

// explained lists the parts worth showing: conditions below and, and or,
// not, and the sides of comparisons that are not constants.
func (t *Term) explained() []*Term {
	if t.op == opAnd || t.op == opOr {
		return t.chain(t.op)
	}
	var parts []*Term
	for i, a := range t.args {
		predicate := t.op >= opAnyOf && i == 1
		if a.op != opConst && a.op != opInstant && !predicate {
			parts = append(parts, a)
		}
	}
	return parts
}

// nextFlip returns when a condition next changes with time alone, nil for
// never or too far off to tell.
func (x *explainer) nextFlip(t *Term, holds bool) *time.Time {
	test, later := compileCondition(t, x), x.outlook(t)
	for range maxFlipSteps {
		at := later.nextInstant(t)
		if at == 0 {
			return nil
		}
		later.move(at)
		if test(&later.ahead) != holds {
			flip := time.UnixMilli(at).UTC()
			return &flip
		}
	}
	return nil
}

// nextInstant returns the next instant at which anything that a condition
// looks at may change, 0 for none.
func (o *outlook) nextInstant(t *Term) int64 {
	next, now := int64(0), o.ahead.now
	sooner := func(at int64) {
		if at > now {
			next = earlier(next, at)
		}
	}
	t.deep(func(t *Term) {
		switch t.op {
		case opAggregate:
			sooner(o.ahead.profile.NextChange(o.set.schema, o.query(t.aggregate), now))
		case opHeld:
			if since, is := o.ahead.since[o.condition(t)]; is {
				sooner(since + t.offset)
			}
		}
		for i, side := range t.args {
			if _, compares := mirrored[t.op]; !compares || side.op != opInstant {
				continue
			}
			if ms, ok := timeOf(compileValue(t.args[1-i], o)(&o.ahead)); ok {
				sooner(ms - side.offset)
				sooner(ms - side.offset + 1)
			}
		}
	})
	return next
}

const instantLayout = "2006-01-02T15:04:05.000Z07:00"

// String writes the explanation as an indented tree: + for what holds, - for
// what does not, = for values.
func (e *Explanation) String() string {
	var b strings.Builder
	e.write(&b, 0)
	return b.String()
}

func (e *Explanation) write(b *strings.Builder, depth int) {
	b.WriteString(strings.Repeat("  ", depth))
	switch {
	case e.Holds == nil:
		fmt.Fprintf(b, "= %s is %s", e.Text, e.Value)
	case *e.Holds:
		fmt.Fprintf(b, "+ %s", e.Text)
	default:
		fmt.Fprintf(b, "- %s", e.Text)
	}
	if e.Since != nil {
		fmt.Fprintf(b, "  (true since %s)", e.Since.Format(instantLayout))
	}
	if e.Flips != nil {
		fmt.Fprintf(b, "  (flips by itself at %s)", e.Flips.Format(instantLayout))
	}
	b.WriteByte('\n')
	for _, part := range e.Parts {
		part.write(b, depth+1)
	}
}
