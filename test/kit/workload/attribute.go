package workload

import (
	"math/rand/v2"

	"muster/event"
)

// Kind is the type under which expr and CEL know an attribute.
type Kind uint8

// The kinds of attributes. Open ones are texts with very many values, and
// may be missing.
const (
	Text Kind = iota
	Integer
	Float
	Bool
	Open
)

// Attribute is one of the values of a profile.
type Attribute struct {
	Name  string
	Kind  Kind
	Index int // in Attributes and in a profile's values
	// Texts are the values that a Text takes, the commonest first.
	Texts []string
	// Window is what the attribute is read from, nil for a trait.
	Window *Window

	draw func(r *rand.Rand) event.Value
	step func(r *rand.Rand, current event.Value) event.Value
}

// Draw returns a value as a new profile may have it.
func (a *Attribute) Draw(r *rand.Rand) event.Value { return a.draw(r) }

// Step returns the value that an event puts in the place of the current one.
func (a *Attribute) Step(r *rand.Rand, current event.Value) event.Value {
	if a.step == nil {
		return a.draw(r)
	}
	return a.step(r, current)
}

// Traits is how many of the Attributes stand for traits; the others stand
// for aggregates, which change more often.
const Traits = 60

// Attributes returns the 100 attributes, traits first.
func Attributes() []*Attribute {
	all := append(traits(), aggregates()...)
	for i, a := range all {
		a.Index = i
	}
	return all
}

// Values draws the values of a new profile.
func Values(attributes []*Attribute, r *rand.Rand) []event.Value {
	values := make([]event.Value, len(attributes))
	for i, a := range attributes {
		values[i] = a.Draw(r)
	}
	return values
}

func number(kind Kind, name string, draw func(r *rand.Rand) float64) *Attribute {
	return &Attribute{Name: name, Kind: kind, draw: func(r *rand.Rand) event.Value { return event.NumberOf(draw(r)) }}
}
