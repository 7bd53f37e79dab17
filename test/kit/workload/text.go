package workload

import (
	"fmt"
	"strconv"
	"strings"

	"muster/event"
)

// Dialect is a language in which a rule can be written.
type Dialect struct {
	prefix        string // of attribute names
	and, or, not  string
	null          string
	methods       bool // whether text operators are methods: x.contains("y")
	typedNumbers  bool // whether constants of a Float need a decimal point
	notInIsPrefix bool // whether "not in" is spelled !(x in y)
	windows       bool // whether it can say what a Window is; else it finds the value under its name
}

// The dialects. Expr and CEL find attributes under their bare names, which
// is the quickest way for them; in Muster they are traits, or aggregates
// over a Window.
var (
	Muster = Dialect{prefix: "traits.", and: " and ", or: " or ", not: "not ", null: "nil", windows: true}
	Expr   = Dialect{and: " and ", or: " or ", not: "not ", null: "nil"}
	CEL    = Dialect{and: " && ", or: " || ", not: "!", null: "null", methods: true, typedNumbers: true, notInIsPrefix: true}
)

// name is how a rule refers to an attribute.
func (d Dialect) name(a *Attribute) string {
	if d.windows && a.Window != nil {
		return a.Window.text()
	}
	return d.prefix + a.Name
}

var symbols = map[operator]string{
	equal: "==", notEqual: "!=", less: "<", lessEqual: "<=", greater: ">", greaterEqual: ">=", isIn: "in", notIn: "not in",
	contains: "contains", startsWith: "startsWith", endsWith: "endsWith", matches: "matches",
}

// Text writes the predicate in a dialect.
func (p *Predicate) Text(d Dialect) string {
	switch p.op {
	case all:
		return p.joined(d, d.and)
	case some:
		return p.joined(d, d.or)
	case not:
		return d.not + p.parts[0].nested(d)
	}
	name := d.name(p.attribute)
	switch p.op {
	case isTrue:
		return name
	case present:
		return name + " != " + d.null
	case absent:
		return name + " == " + d.null
	case isIn:
		return name + " in " + p.list(d)
	case notIn:
		if d.notInIsPrefix {
			return "!(" + name + " in " + p.list(d) + ")"
		}
	case contains, startsWith, endsWith, matches:
		if d.methods {
			return fmt.Sprintf("%s.%s(%s)", name, symbols[p.op], p.constant(d, 0))
		}
	}
	if p.op == notIn {
		return name + " not in " + p.list(d)
	}
	return name + " " + symbols[p.op] + " " + p.constant(d, 0)
}

func (p *Predicate) joined(d Dialect, by string) string {
	texts := make([]string, len(p.parts))
	for i, q := range p.parts {
		texts[i] = q.nested(d)
	}
	return strings.Join(texts, by)
}

// nested is the text of a predicate within another one.
func (p *Predicate) nested(d Dialect) string {
	if p.op == all || p.op == some {
		return "(" + p.Text(d) + ")"
	}
	return p.Text(d)
}

func (p *Predicate) list(d Dialect) string {
	texts := make([]string, len(p.constants))
	for i := range texts {
		texts[i] = p.constant(d, i)
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

func (p *Predicate) constant(d Dialect, i int) string {
	v := p.constants[i]
	if v.Kind() == event.KindString {
		return strconv.Quote(v.Text())
	}
	text := strconv.FormatFloat(v.Number(), 'f', -1, 64)
	if d.typedNumbers && p.attribute.Kind == Float && !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}
