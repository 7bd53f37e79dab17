package oracle

import (
	"math"
	"regexp"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/conf"
	"github.com/twmb/murmur3"
)

type function = func(arguments ...any) (any, error)

// conditions are the functions that yield a bool.
var conditions = map[string]function{
	"$isTrue":     func(a ...any) (any, error) { return isTrue(a[0]), nil },
	"$isMissing":  func(a ...any) (any, error) { return a[0] == nil, nil },
	"$equal":      func(a ...any) (any, error) { return equal(a[0], a[1]), nil },
	"$less":       ordered(func(sign int) bool { return sign < 0 }),
	"$lessEqual":  ordered(func(sign int) bool { return sign <= 0 }),
	"$more":       ordered(func(sign int) bool { return sign > 0 }),
	"$moreEqual":  ordered(func(sign int) bool { return sign >= 0 }),
	"$in":         func(a ...any) (any, error) { return in(a[0], a[1]), nil },
	"$inRange":    func(a ...any) (any, error) { return inRange(a[0], a[1], a[2]), nil },
	"$contains":   func(a ...any) (any, error) { return texts(a[0], a[1], strings.Contains), nil },
	"$startsWith": func(a ...any) (any, error) { return texts(a[0], a[1], strings.HasPrefix), nil },
	"$endsWith":   func(a ...any) (any, error) { return texts(a[0], a[1], strings.HasSuffix), nil },
	"$matches":    matches,
	"$sequence":   steps,
}

// values are the functions that yield any value.
var values = map[string]function{
	"$field":     func(a ...any) (any, error) { return field(a[0], a[1]), nil },
	"$number":    func(a ...any) (any, error) { return number(a[0]), nil },
	"$negate":    func(a ...any) (any, error) { return numbers(a[0], 0.0, func(x, _ float64) any { return -x }), nil },
	"$add":       func(a ...any) (any, error) { return add(a[0], a[1]), nil },
	"$subtract":  arithmetic(func(x, y float64) any { return x - y }),
	"$multiply":  arithmetic(func(x, y float64) any { return x * y }),
	"$divide":    arithmetic(quotient),
	"$power":     arithmetic(func(x, y float64) any { return math.Pow(x, y) }),
	"$remainder": arithmetic(remainder),
	"$len":       func(a ...any) (any, error) { return length(a[0]), nil },
	"$lower":     func(a ...any) (any, error) { return text(a[0], strings.ToLower), nil },
	"$upper":     func(a ...any) (any, error) { return text(a[0], strings.ToUpper), nil },
	"$trim":      func(a ...any) (any, error) { return trim(a[0]), nil },
	"$version":   func(a ...any) (any, error) { return versionOf(a[0]), nil },
	"$float":     func(a ...any) (any, error) { return toFloat(a[0]), nil },
	"$int":       func(a ...any) (any, error) { return toInt(a[0]), nil },
	"$string":    func(a ...any) (any, error) { return toText(a[0]), nil },
	"$date":      func(a ...any) (any, error) { return toTime(a[0]), nil },
	"$sum":       func(a ...any) (any, error) { return sum(a[0]), nil },
	"$mean":      func(a ...any) (any, error) { return mean(a[0]), nil },
	"$min":       func(a ...any) (any, error) { return extreme(a[0], func(x, y float64) bool { return x < y }), nil },
	"$flatten":   func(a ...any) (any, error) { return flat(a[0], []any{}), nil },
	"$max":       func(a ...any) (any, error) { return extreme(a[0], func(x, y float64) bool { return x > y }), nil },
}

func ordered(holds func(sign int) bool) function {
	return func(a ...any) (any, error) {
		sign, ok := order(a[0], a[1])
		return ok && holds(sign), nil
	}
}

func arithmetic(operation func(x, y float64) any) function {
	return func(a ...any) (any, error) { return numbers(a[0], a[1], operation), nil }
}

func matches(a ...any) (any, error) {
	subject, ok := a[0].(string)
	return ok && a[1].(*regexp.Regexp).MatchString(subject), nil
}

func steps(a ...any) (any, error) {
	lists := make([][]any, 0, len(a)-1)
	for _, list := range a[1:] {
		lists = append(lists, list.([]any))
	}
	return sequence(lists, a[0].(int64)), nil
}

// number is a number as it is, and an int that expr's count made as a
// number of the language; anything else is missing.
func number(x any) any {
	switch n := x.(type) {
	case float64:
		return n
	case int:
		return float64(n)
	}
	return nil
}

// bucketOf places a profile into one of 10,000 buckets, as 0 to 99.99.
func bucketOf(salt, profile string) float64 {
	return float64(murmur3.StringSum64(salt+"\x00"+profile)%10000) / 100
}

// configuration declares every name a rewritten rule may call. The
// functions that depend on the moment read the oracle's current one.
func (o *Oracle) configuration() *conf.Config {
	c := conf.CreateNew()
	declare := func(name string, f function, shape any) { expr.Function(name, f, shape)(c) }
	expr.Optimize(false)(c)
	expr.Env(map[string]any{"traits": map[string]any{}, "groups": []any{}, "profile": map[string]any{}})(c)
	for name, f := range conditions {
		declare(name, f, new(func(...any) bool))
	}
	for name, f := range values {
		declare(name, f, new(func(...any) any))
	}
	declare("$elements", func(a ...any) (any, error) { return elements(a[0]), nil }, new(func(any) []any))
	declare("$events", func(a ...any) (any, error) { return o.at.stream(a[0].(int)), nil }, new(func(int) []any))
	declare("$context", func(a ...any) (any, error) { return o.at.profile.context(a[0].([]string)), nil }, new(func(any) any))
	declare("$segment", func(a ...any) (any, error) { return o.at.known(a[0].(string)), nil }, new(func(string) bool))
	declare("$held", func(a ...any) (any, error) { return o.at.held(a[0].(*rule), a[1].(int64)), nil }, new(func(any, int64) bool))
	declare("$abandoned", func(a ...any) (any, error) {
		return abandoned(a[0].([]any), a[1].([]any), a[2].(int64), o.at.now), nil
	}, new(func(any, any, int64) bool))
	declare("$now", func(...any) (any, error) { return instant(o.at.now), nil }, new(func() any))
	declare("$shifted", func(a ...any) (any, error) { return instant(o.at.now + a[0].(int64)), nil }, new(func(int64) any))
	declare("$tables", func(a ...any) (any, error) { return tablesOf(a[0], a[1]), nil }, new(func(any, any) any))
	declare("$lookup", func(a ...any) (any, error) {
		tables, arrived := a[0].(*tables)
		if !arrived {
			tables = o.tables
		}
		return tables.look(a[1].(string), a[2].(string), a[3]), nil
	}, new(func(any, string, string, any) any))
	declare("$bucket", func(a ...any) (any, error) { return bucketOf(a[0].(string), o.at.profile.id), nil }, new(func(string) any))
	return c
}
