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
		e.Holds, e.Flips = &holds, x.nextFlip(t, holds)
	} else {
		e.Value = x.atLeast(t) + formatValue(compileValue(t, x)(&x.env))
	}
	for _, part := range t.explained() {
		e.Parts = append(e.Parts, x.explain(part))
	}
	return e
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
	test, later := compileCondition(t, x), x.env
	for range maxFlipSteps {
		at := x.nextInstant(t, later.now)
		if at == 0 {
			return nil
		}
		later.now = at
		if test(&later) != holds {
			flip := time.UnixMilli(at).UTC()
			return &flip
		}
	}
	return nil
}

// nextInstant returns the first instant after now at which anything that a
// condition looks at may change, 0 for none.
func (x *explainer) nextInstant(t *Term, now int64) int64 {
	next := int64(0)
	sooner := func(at int64) {
		if at > now && (next == 0 || at < next) {
			next = at
		}
	}
	at := x.env
	at.now = now
	t.each(func(t *Term) {
		if t.op == opAggregate {
			sooner(x.env.profile.NextChange(x.set.schema, x.query(t.aggregate), now))
		}
		for i, side := range t.args {
			if _, compares := mirrored[t.op]; !compares || side.op != opInstant {
				continue
			}
			if ms, ok := timeOf(compileValue(t.args[1-i], x)(&at)); ok {
				sooner(ms - side.offset)
				sooner(ms - side.offset + 1)
			}
		}
	})
	return next
}

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
	if e.Flips != nil {
		fmt.Fprintf(b, "  (flips by itself at %s)", e.Flips.Format("2006-01-02T15:04:05.000Z07:00"))
	}
	b.WriteByte('\n')
	for _, part := range e.Parts {
		part.write(b, depth+1)
	}
}
