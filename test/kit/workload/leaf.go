package workload

import (
	"math"
	"regexp"

	"muster/event"
)

// leaf makes a predicate on one attribute, in one of three cases an
// aggregate.
func (g *RuleGenerator) leaf() *Predicate {
	if g.r.IntN(3) == 0 {
		return g.onAggregate()
	}
	return g.onTrait()
}

func (g *RuleGenerator) onAggregate() *Predicate {
	return g.onNumber(g.attributes[Traits+g.aggregate.roll(g.r)])
}

func (g *RuleGenerator) onTrait() *Predicate {
	a := g.attributes[g.trait.roll(g.r)]
	switch a.Kind {
	case Integer, Float:
		return g.onNumber(a)
	case Bool:
		p := &Predicate{op: isTrue, attribute: a}
		if g.r.IntN(4) == 0 {
			return &Predicate{op: not, parts: []*Predicate{p}}
		}
		return p
	case Open:
		return g.onOpen(a)
	}
	return g.onText(a)
}

// onNumber compares with round constants that divide the sample.
func (g *RuleGenerator) onNumber(a *Attribute) *Predicate {
	compare := func(op operator, with float64) *Predicate {
		return &Predicate{op: op, attribute: a, constants: []event.Value{event.NumberOf(with)}}
	}
	switch n := g.r.IntN(10); {
	case n == 0 && a.Kind == Integer:
		return compare(equal, g.constant(a))
	case n < 3:
		if with := g.constant(a); with > 0 || a.Window == nil {
			return compare(less, with)
		}
		return compare(greaterEqual, 1_000_000) // no count is less than 0, which is refused; as few come to a million
	case n == 3:
		return compare(lessEqual, g.constant(a))
	case n < 6:
		return compare(greater, g.constant(a))
	case n < 8:
		return compare(greaterEqual, g.constant(a))
	}
	low, high := g.constant(a), g.constant(a)
	if low > high {
		low, high = high, low
	}
	return &Predicate{op: all, parts: []*Predicate{compare(greaterEqual, low), compare(lessEqual, high)}}
}

// constant is a number of the sample, rounded to two digits as people do.
func (g *RuleGenerator) constant(a *Attribute) float64 {
	f := g.numbers[a.Index][g.r.IntN(sampleSize)]
	if f == 0 {
		return 0
	}
	digit := math.Pow(10, math.Floor(math.Log10(math.Abs(f)))-1)
	f = digit * math.Round(f/digit)
	if a.Kind == Integer {
		return math.Round(f)
	}
	return cents(f)
}

func (g *RuleGenerator) onOpen(a *Attribute) *Predicate {
	switch g.r.IntN(3) {
	case 0:
		return &Predicate{op: present, attribute: a}
	case 1:
		return &Predicate{op: absent, attribute: a}
	}
	v := a.Draw(g.r)
	for v.IsMissing() {
		v = a.Draw(g.r)
	}
	return &Predicate{op: equal, attribute: a, constants: []event.Value{v}}
}

// onText looks for one value or, as often, for one of several. One in ten
// asks for anything else.
func (g *RuleGenerator) onText(a *Attribute) *Predicate {
	n := g.r.IntN(20)
	if n < 10 {
		p := &Predicate{op: equal, attribute: a, constants: []event.Value{a.Draw(g.r)}}
		if n == 9 {
			p.op = notEqual
		}
		return p
	}
	wanted := max(1, min(2+g.r.IntN(8), len(a.Texts)-1))
	p := &Predicate{op: isIn, attribute: a}
	for range 3 * wanted {
		if v := a.Draw(g.r); len(p.constants) < wanted && !p.among(v) {
			p.constants = append(p.constants, v)
		}
	}
	if n == 19 {
		p.op = notIn
	}
	return p
}

// search makes a predicate on the inside of a text.
func (g *RuleGenerator) search() *Predicate {
	a, text := g.searched[g.r.IntN(len(g.searched))], word(g.r)
	p := &Predicate{op: contains, attribute: a}
	switch n := g.r.IntN(10); {
	case n < 5:
	case n < 8:
		p.op = startsWith
		if a.Name == "last_url" {
			text = "/" + text
		}
	case n < 9:
		p.op, text = endsWith, "7"
	default:
		p.op, text = matches, words[g.r.IntN(40)]+"[a-z]*[0-9. ]"
		p.pattern = regexp.MustCompile(text)
	}
	p.constants = []event.Value{event.StringOf(text)}
	return p
}
