package workload

import (
	"math/rand/v2"
	"slices"

	"muster/event"
)

// sampleSize is how many profiles selectivity is measured on.
const sampleSize = 1000

// A rule is kept if it holds for 1 to mostHolding profiles of the sample;
// of the others one in keptAnyway is.
const (
	mostHolding = 200
	keptAnyway  = 40
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
}

// NewRuleGenerator returns the generator of a seed.
func NewRuleGenerator(attributes []*Attribute, seed uint64) *RuleGenerator {
	r := rand.New(rand.NewPCG(seed, 1))
	g := &RuleGenerator{attributes: attributes, r: r, numbers: make([][]float64, len(attributes))}
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
		if holding >= 1 && holding <= mostHolding || g.r.IntN(keptAnyway) == 0 {
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
