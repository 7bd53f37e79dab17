package workload

import (
	"math/rand/v2"
	"slices"

	"muster/event"
)

// sampleSize is how many profiles selectivity is measured on.
const sampleSize = 1000

// taste is which rules a generator keeps: those that hold for 1 to most
// profiles of the sample, and one of so many others.
type taste struct{ most, others int }

// A customer is in one of twenty segments of wide rules, and in one of five
// hundred of narrow ones.
var (
	wide   = taste{most: 200, others: 40}
	narrow = taste{most: 3, others: 1000}
)

// RuleGenerator makes rules. It is used by one goroutine.
type RuleGenerator struct {
	attributes []*Attribute
	r          *rand.Rand
	sample     [][]event.Value
	numbers    [][]float64 // of each attribute, as the sample has them
	trait      dice        // some attributes are more popular
	aggregate  dice
	searched   []*Attribute // attributes that text operators look at
	taste      taste
}

// NewRuleGenerator returns the generator of a seed.
func NewRuleGenerator(attributes []*Attribute, seed uint64) *RuleGenerator {
	r := rand.New(rand.NewPCG(seed, 1))
	g := &RuleGenerator{attributes: attributes, r: r, numbers: make([][]float64, len(attributes)), taste: wide}
	for range sampleSize {
		values := Values(attributes, r)
		g.sample = append(g.sample, values)
		for i, v := range values {
			g.numbers[i] = append(g.numbers[i], v.Number())
		}
	}
	g.trait, g.aggregate = newSkewedDice(r, Traits), newSkewedDice(r, len(attributes)-Traits)
	for _, a := range attributes {
		if slices.Contains([]string{"email", "last_url", "company", "utm_term", "ua", "city"}, a.Name) {
			g.searched = append(g.searched, a)
		}
	}
	return g
}

// NewNarrowRuleGenerator returns a generator whose rules hold for few
// profiles, as most do where there are tens of thousands.
func NewNarrowRuleGenerator(attributes []*Attribute, seed uint64) *RuleGenerator {
	g := NewRuleGenerator(attributes, seed)
	g.taste = narrow
	return g
}

// Rule makes a rule: of a hundred, 60 are conjunctions of traits, 25 also
// look at aggregates, 10 are nested and 5 search in texts.
func (g *RuleGenerator) Rule() *Predicate {
	for {
		p := g.candidate()
		holding := 0
		for _, values := range g.sample {
			if p.Holds(values) {
				holding++
			}
		}
		if holding >= 1 && holding <= g.taste.most || g.r.IntN(g.taste.others) == 0 {
			return p
		}
	}
}

func (g *RuleGenerator) candidate() *Predicate {
	var parts []*Predicate
	switch n := g.r.IntN(100); {
	case n < 60:
		for range 2 + g.r.IntN(4) {
			parts = append(parts, g.onTrait())
		}
	case n < 85:
		for range 1 + g.r.IntN(2) {
			parts = append(parts, g.onAggregate())
		}
		for range 1 + g.r.IntN(3) {
			parts = append(parts, g.onTrait())
		}
	case n < 95:
		op := all
		if g.r.IntN(2) == 0 {
			op = some
		}
		return g.tree(op, 2+g.r.IntN(2))
	default:
		parts = append(parts, g.search())
		for range g.r.IntN(3) {
			parts = append(parts, g.leaf())
		}
	}
	return &Predicate{op: all, parts: parts}
}

// tree makes alternating layers of all and some, one in five negated.
func (g *RuleGenerator) tree(op operator, depth int) *Predicate {
	if depth == 0 {
		return g.leaf()
	}
	below := some
	if op == some {
		below = all
	}
	p := &Predicate{op: op}
	for i := range 2 + g.r.IntN(2) {
		deep := depth - 1
		if i > 0 && g.r.IntN(2) == 0 {
			deep = 0
		}
		p.parts = append(p.parts, g.tree(below, deep))
	}
	if g.r.IntN(5) == 0 {
		return &Predicate{op: not, parts: []*Predicate{p}}
	}
	return p
}
