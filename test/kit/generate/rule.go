package generate

import (
	"fmt"
	"math/rand/v2"
	"strconv"
)

// Rule returns a random valid rule. Depth is how many connectives lie on
// top of each other, at least 0; segments are ids that segment() may
// mention, and without any it does not appear.
func Rule(r *rand.Rand, depth int, segments []string) string {
	w := &writer{r: r, segments: segments}
	if chance(r, 6) {
		return w.letRule(depth)
	}
	return w.condition(depth)
}

// writer writes one rule.
type writer struct {
	r        *rand.Rand
	segments []string
	nested   int // how many held(...) are around
}

func (w *writer) letRule(depth int) string {
	switch w.r.IntN(4) {
	case 3:
		return fmt.Sprintf(`let d = context.device; d.type == %s %s d.model != nil and %s`, w.word(devices), w.connective(), w.parens(depth-1))
	case 0:
		return fmt.Sprintf(`let s = %s; count(s) %s %s %s(s, %s)`,
			w.stream(), w.tallied(3), w.connective(), w.quantifier(), w.predicate(1))
	case 1:
		value, domain := w.number()
		return fmt.Sprintf(`let x = %s; x > %s %s %s`, value, figure(pick(w.r, domain)), w.connective(), w.parens(depth-1))
	}
	return fmt.Sprintf(`let x = traits.plan; x == %s or x != %s and %s`, w.word(plans), w.word(plans), w.parens(depth-1))
}

// condition writes something that yields a bool.
func (w *writer) condition(depth int) string {
	if depth <= 0 {
		return w.leaf()
	}
	switch weigh(w.r, 32, 32, 12, 5, 3, 16) {
	case 0:
		return w.parens(depth-1) + " and " + w.parens(depth-1)
	case 1:
		return w.parens(depth-1) + " or " + w.parens(depth-1)
	case 2:
		return pick(w.r, []string{"not ", "!"}) + w.parens(depth-1)
	case 3:
		return w.parens(depth-1) + " ? " + w.parens(depth-1) + " : " + w.parens(depth-1)
	case 4:
		return "if " + w.parens(depth-1) + " { " + w.condition(depth-1) + " } else { " + w.condition(depth-1) + " }"
	}
	return w.leaf()
}

func (w *writer) parens(depth int) string { return "(" + w.condition(depth) + ")" }

func (w *writer) leaf() string {
	segment := 0
	if len(w.segments) > 0 {
		segment = 6
	}
	switch weigh(w.r, 30, 38, 10, 8, 3, segment, 9, w.holding()) {
	case 0:
		return w.attribute()
	case 1:
		return w.aggregate()
	case 2:
		return w.instant()
	case 3:
		return w.profile()
	case 4:
		return fmt.Sprintf("bucket(%s) %s %s", w.word(salts), w.order(), pick(w.r, []string{"25", "50.5", "75"}))
	case 6:
		return w.ordered()
	case 7:
		return w.held()
	}
	return fmt.Sprintf("segment(%s)", w.word(w.segments))
}

func (w *writer) order() string      { return pick(w.r, []string{"<", "<=", ">", ">="}) }
func (w *writer) comparison() string { return pick(w.r, []string{"<", "<=", ">", ">=", "==", "!="}) }
func (w *writer) connective() string { return pick(w.r, []string{"and", "or", "&&", "||"}) }
func (w *writer) quantifier() string { return pick(w.r, []string{"any", "none", "all", "one"}) }
func (w *writer) word(domain []string) string {
	return quote(pick(w.r, domain))
}

// threshold is a number that numbers of events and traits often meet.
func (w *writer) threshold() string { return figure(pick(w.r, prices)) }

// figure spells a number as a rule does.
func figure(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// list spells an array of up to three words.
func (w *writer) list(domain []string) string {
	first := w.word(domain)
	switch w.r.IntN(3) {
	case 0:
		return "[" + first + "]"
	case 1:
		return "[" + first + ", " + w.word(domain) + "]"
	}
	return "[" + first + ", " + w.word(domain) + ", " + w.word(domain) + "]"
}

// dateText spells a constant instant within the time that histories span.
func (w *writer) dateText() string {
	return quote(date(w.r, Start+int64(w.r.IntN(70)-5)*day+pick(w.r, []int64{0, 0, 12 * hour, 15 * minute})))
}
