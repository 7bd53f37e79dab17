package workload

import (
	"regexp"
	"slices"
	"strings"

	"muster/event"
)

type operator uint8

const (
	all operator = iota
	some
	not
	equal
	notEqual
	less
	lessEqual
	greater
	greaterEqual
	isIn
	notIn
	isTrue
	present
	absent
	contains
	startsWith
	endsWith
	matches
)

// Predicate is a rule or a part of one.
type Predicate struct {
	op        operator
	parts     []*Predicate // of all, some and not
	attribute *Attribute   // of everything else
	constants []event.Value
	pattern   *regexp.Regexp // of matches
}

// Holds evaluates the predicate on a profile's values. It is what the
// generator measures selectivity with.
func (p *Predicate) Holds(values []event.Value) bool {
	switch p.op {
	case all:
		return !slices.ContainsFunc(p.parts, func(q *Predicate) bool { return !q.Holds(values) })
	case some:
		return slices.ContainsFunc(p.parts, func(q *Predicate) bool { return q.Holds(values) })
	case not:
		return !p.parts[0].Holds(values)
	}
	v := values[p.attribute.Index]
	switch p.op {
	case isTrue:
		return v.True()
	case present:
		return !v.IsMissing()
	case absent:
		return v.IsMissing()
	case equal, isIn:
		return p.among(v)
	case notEqual, notIn:
		return !p.among(v)
	case contains, startsWith, endsWith, matches:
		return v.Kind() == event.KindString && p.holdsOfText(v.Text())
	}
	return p.holdsOfNumber(v.Number(), p.constants[0].Number())
}

func (p *Predicate) among(v event.Value) bool { return slices.ContainsFunc(p.constants, v.Equal) }

func (p *Predicate) holdsOfNumber(v, bound float64) bool {
	switch p.op {
	case less:
		return v < bound
	case lessEqual:
		return v <= bound
	case greater:
		return v > bound
	}
	return v >= bound
}

func (p *Predicate) holdsOfText(v string) bool {
	switch p.op {
	case contains:
		return strings.Contains(v, p.constants[0].Text())
	case startsWith:
		return strings.HasPrefix(v, p.constants[0].Text())
	case endsWith:
		return strings.HasSuffix(v, p.constants[0].Text())
	}
	return p.pattern.MatchString(v)
}
