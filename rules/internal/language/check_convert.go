package language

import (
	"github.com/expr-lang/expr/ast"

	"muster/event"
)

// conversion is one of float, int, string and date.
type conversion struct {
	op    Op
	yield event.Kind
	takes []event.Kind // besides what is only known at run time
	of    func(event.Value) event.Value
	noun  string // what a constant that can't be converted is not
	usage string
}

var conversions = map[string]conversion{
	"float": {
		OpFloat, event.KindNumber, []event.Kind{event.KindNumber, event.KindString}, FloatOf,
		"number", `float(traits.age) >= 18`,
	},
	"int": {
		OpInt, event.KindNumber, []event.Kind{event.KindNumber, event.KindString}, IntOf,
		"whole number up to 9007199254740992", `int(traits.age) >= 18`,
	},
	"string": {
		OpText, event.KindString, []event.Kind{event.KindNumber, event.KindString, event.KindBool, event.KindTime}, TextOf,
		"text", `string(traits.account) in ["3", "7"]`,
	},
	"date": {
		OpDate, event.KindTime, []event.Kind{event.KindNumber, event.KindString, event.KindTime}, TimeOf,
		"date", `date("2026-11-01")`,
	},
}

// convert checks float(x), int(x), string(x) and date(x).
func (c *checker) convert(name string, node ast.Node, s scope) *Term {
	to, t := conversions[name], c.value(node, s)
	if t.Op == OpInvalid {
		return t
	}
	known := t.Kind == event.KindMissing
	for _, kind := range to.takes {
		known = known || t.Kind == kind
	}
	switch {
	case !known:
		return c.wrong(node, convertHint(t.Kind), "%s can't be made of %s", name, kindPhrase(t.Kind))
	case t.Op == OpConst && to.op == OpDate && t.Kind == event.KindNumber:
		return c.wrong(node, "as "+to.usage, "a string is wanted here")
	case t.Op == OpConst:
		v := to.of(t.Value)
		if v.IsMissing() {
			return c.wrong(node, to.remedy(), "%s is not a %s", FormatValue(t.Value), to.noun)
		}
		return Constant(v)
	case t.Kind == to.yield && to.op != OpInt:
		return t
	}
	return &Term{Op: to.op, Kind: to.yield, Args: []*Term{t}}
}

// convertHint says what to do with a value that can't be converted.
func convertHint(k event.Kind) string {
	switch k {
	case event.KindArray:
		return "convert its elements, as any(traits.list, float(#) > 3)"
	case event.KindTime:
		return `compare times as they are, with date("2026-11-21") or ago("7d")`
	case event.KindVersion:
		return `compare versions as they are, with version("2.10.0")`
	case event.KindBool:
		return "a condition stands by itself; c ? 1 : 0 makes a number of it"
	}
	return ""
}

// remedy says how to write a constant.
func (c *conversion) remedy() string {
	if c.op == OpDate {
		return "write 2026-11-21 or 2026-11-21T10:00:00Z"
	}
	return "as " + c.usage
}
