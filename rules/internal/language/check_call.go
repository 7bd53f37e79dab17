package language

import (
	"fmt"

	"github.com/expr-lang/expr/ast"

	"muster/event"
	"muster/spelling"
)

// function is one of the language's functions.
type function struct {
	least, most int    // number of arguments
	usage       string // shown as a hint
	check       func(c *checker, n ast.Node, args []ast.Node, s scope) operand
}

// functionOf returns the function of that name. It is a switch and not a map
// because the functions lead back to it.
func functionOf(name string) (function, bool) {
	switch name {
	case "events":
		return function{1, 3, `events("Order Completed", "30d")`, (*checker).events}, true
	case "filter":
		return function{2, 2, `filter(events("A"), .price > 10)`, (*checker).filter}, true
	case "map":
		return function{2, 2, `map(events("A"), .sku)`, (*checker).mapTo}, true
	case "uniq":
		return function{1, 1, `len(uniq(map(events("A"), .sku)))`, (*checker).uniq}, true
	case "flatten":
		return function{1, 1, flattenUsage, (*checker).flatten}, true
	case "count", "any", "none", "all", "one":
		least := 2
		if name == "count" {
			least = 1
		}
		usage := name + `(events("A"), .price > 10)`
		return function{least, 2, usage, func(c *checker, n ast.Node, args []ast.Node, s scope) operand {
			return of(c.quantify(n, name, args, s))
		}}, true
	case "sum":
		return function{1, 2, `sum(events("A"), .price)`, (*checker).sum}, true
	case "mean", "min", "max":
		return function{1, 2, name + `(map(events("A"), .price))`, func(c *checker, n ast.Node, args []ast.Node, s scope) operand {
			return of(c.extreme(n, name, args, s))
		}}, true
	case "first", "last":
		return function{1, 1, name + `(events("A")).price`, func(c *checker, n ast.Node, args []ast.Node, s scope) operand {
			return c.firstLast(n, name, args[0], s)
		}}, true
	case "len":
		return function{1, 1, "len(traits.tags)", (*checker).length}, true
	case "lower", "upper", "trim":
		o := map[string]Op{"lower": OpLower, "upper": OpUpper, "trim": OpTrim}[name]
		return function{1, 1, name + "(traits.plan)", func(c *checker, n ast.Node, args []ast.Node, s scope) operand {
			return of(&Term{Op: o, Kind: event.KindString, Args: []*Term{c.text(args[0], s, name)}})
		}}, true
	case "version":
		return function{1, 1, `version(traits.app) >= version("2.10.0")`, (*checker).version}, true
	case "now":
		return function{0, 0, "now()", (*checker).now}, true
	case "ago", "from_now":
		return function{1, 1, name + `("7d")`, func(c *checker, _ ast.Node, args []ast.Node, _ scope) operand {
			return of(c.shifted(name, args[0]))
		}}, true
	case "float", "int", "string", "date":
		return function{1, 1, conversions[name].usage, func(c *checker, _ ast.Node, args []ast.Node, s scope) operand {
			return of(c.convert(name, args[0], s))
		}}, true
	case "held":
		return function{2, 2, heldUsage, (*checker).held}, true
	case "sequence":
		return function{0, MaxSource, sequenceUsage, (*checker).sequence}, true
	case "abandoned":
		return function{3, 3, abandonedUsage, (*checker).abandoned}, true
	case "segment":
		return function{1, 1, `segment("vip")`, (*checker).segment}, true
	case "bucket":
		return function{1, 1, `bucket("salt") < 10`, (*checker).bucket}, true
	case "lookup":
		return function{2, 2, lookupUsage, (*checker).lookup}, true
	}
	return function{}, false
}

// functionNames lists the language's functions.
func functionNames() []string {
	return []string{"events", "filter", "map", "uniq", "flatten", "count", "any", "none", "all", "one", "sum", "mean", "min", "max", "first", "last",
		"len", "lower", "upper", "trim", "version", "float", "int", "string", "date", "now", "ago", "from_now", "since", "held", "sequence", "abandoned", "segment", "bucket", "lookup"}
}

func (c *checker) call(node ast.Node, name string, args []ast.Node, visible scope) operand {
	called, ok := functionOf(name)
	if !ok {
		return of(c.unknownFunction(node, name))
	}
	if len(args) < called.least || len(args) > called.most {
		want := fmt.Sprint(called.least)
		if called.most != called.least {
			want = fmt.Sprintf("%d to %d", called.least, called.most)
		}
		noun := "arguments"
		if want == "1" {
			noun = "argument"
		}
		return of(c.wrong(node, "as "+called.usage, "%s takes %s %s, not %d", name, want, noun, len(args)))
	}
	return called.check(c, node, args, visible)
}

func (c *checker) unknownFunction(n ast.Node, name string) *Term {
	if name == "since" {
		return c.wrong(n, `as events("A", since("2026-11-01"))`, "since can only be the window of a stream")
	}
	if near := spelling.Nearest(name, functionNames()); near != "" {
		return c.wrong(n, "did you mean "+near+"?", "unknown function %s", name)
	}
	return c.wrong(n, "docs/rules.md lists the functions", "unknown function %s", name)
}

func (c *checker) length(n ast.Node, args []ast.Node, s scope) operand {
	o := c.operand(args[0], s)
	if o.stream != nil {
		if !c.apart(n, o.stream, "len") {
			return of(invalid)
		}
		return of(countOf(*o.stream))
	}
	t := c.asValue(args[0], o)
	if t.Kind != event.KindMissing && t.Kind != event.KindString && t.Kind != event.KindArray {
		return of(c.wrong(args[0], "", "len wants a string, an array or a stream; this is %s", kindPhrase(t.Kind)))
	}
	return of(&Term{Op: OpLen, Kind: event.KindNumber, Args: []*Term{t}})
}

func (c *checker) version(n ast.Node, args []ast.Node, s scope) operand {
	t := c.text(args[0], s, "version")
	if t.Op == OpConst && t.Kind == event.KindString {
		v := VersionOf(t.Value)
		if v.IsMissing() {
			return of(c.wrong(args[0], `as version(traits.app) >= version("2.10.0")`, "%q is not a version", t.Value.Text()))
		}
		return of(Constant(v))
	}
	return of(&Term{Op: OpVersion, Kind: event.KindVersion, Args: []*Term{t}})
}

func (c *checker) now(n ast.Node, _ []ast.Node, _ scope) operand {
	return of(&Term{Op: OpInstant, Kind: event.KindTime})
}

func (c *checker) shifted(name string, arg ast.Node) *Term {
	d, ok := c.duration(arg)
	if !ok {
		return invalid
	}
	if name == "ago" {
		d = -d
	}
	return &Term{Op: OpInstant, Kind: event.KindTime, Offset: d}
}

func (c *checker) segment(n ast.Node, args []ast.Node, s scope) operand {
	id, ok := c.constantText(args[0], `segment("vip")`)
	if !ok {
		return of(invalid)
	}
	c.uses = append(c.uses, Use{Segment: id, From: args[0].Location().From})
	return of(c.profileOnly(n, s, &Term{Op: OpSegment, Kind: event.KindBool, Name: id}))
}

func (c *checker) bucket(n ast.Node, args []ast.Node, s scope) operand {
	salt, ok := c.constantText(args[0], `bucket("summer-sale") < 10`)
	if !ok {
		return of(invalid)
	}
	return of(c.profileOnly(n, s, &Term{Op: OpBucket, Kind: event.KindNumber, Name: salt}))
}

// constantText checks an argument that must be a string written in the rule.
func (c *checker) constantText(n ast.Node, usage string) (string, bool) {
	t := c.value(n, profileScope)
	if t.Op == OpConst && t.Kind == event.KindString {
		return t.Value.Text(), true
	}
	if t.Op != OpInvalid {
		c.wrong(n, "as "+usage, "a string is wanted here")
	}
	return "", false
}
