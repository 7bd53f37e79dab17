package engine

import (
	"slices"
	"sort"
	"strings"

	"muster/event"
	"muster/profile"
	"muster/rules/internal/language"
)

// domain says what values a scale tells apart.
type domain uint8

const (
	domainPlain      domain = iota // numbers, texts, bools, missing
	domainTexts                    // texts in their order
	domainMoment                   // times, in milliseconds
	domainAge                      // how long ago a time was, in milliseconds
	domainVersions                 // versions in their order
	domainTimeTexts                // texts that are times, in milliseconds
	domainOtherTexts               // texts that are no times, in their order
)

// Cells that every scale has. What a scale can't tell apart is other.
const (
	cellMissing = iota
	cellOther
	cellFalse
	cellTrue
	cellFirstText
)

// maxConstants bounds the constants of one scale so that its cells fit 16
// bits; what mentions more gets further scales of the same value.
const maxConstants = 30_000

// scale cuts the values of one expression into cells by the constants that
// rules compare it with: two values in one cell satisfy the same predicates.
// Behind the fixed cells come the texts that rules mention, one cell each,
// then the ordered region: below the first constant, the first constant
// itself, between it and the second, and so on.
type scale struct {
	id         int
	trait      int // index of the trait that the values are, -1 when they are something else
	domain     domain
	value      evaluator
	query      *profile.Query // of a value that is an aggregate over a window as it stands, else nil
	boundaries []uint16       // with query, and of ages: the ordered cells that some rule tells from the one before
	inputs     inputs
	numbers    []float64 // constants of the ordered region, sorted by resolve
	ordered    []string  // the same for texts and versions
	texts      map[string]uint16
	base       int // first cell of the ordered region
	cells      int
	constants  int
	shareBelow []float64 // share of sampled profiles in the cells before each
}

// addConstant adds a constant.
func (s *scale) addConstant(v event.Value) {
	s.constants++
	switch v.Kind() {
	case event.KindNumber:
		s.numbers = append(s.numbers, v.Number())
	case event.KindString:
		if s.domain == domainPlain {
			s.texts[v.Text()] = 0
		} else {
			s.ordered = append(s.ordered, v.Text())
		}
	}
}

// resolve numbers the cells once all constants are known.
func (s *scale) resolve() {
	slices.Sort(s.numbers)
	s.numbers = slices.Clip(slices.Compact(s.numbers))
	compare := func(a, b string) int { return s.compareText(a, b) }
	slices.SortFunc(s.ordered, compare)
	s.ordered = slices.CompactFunc(s.ordered, func(a, b string) bool { return compare(a, b) == 0 })
	names := make([]string, 0, len(s.texts))
	for t := range s.texts {
		names = append(names, t)
	}
	slices.Sort(names)
	for i, t := range names {
		s.texts[t] = uint16(cellFirstText + i)
	}
	s.base = cellFirstText + len(names)
	s.cells = s.base + 2*(len(s.numbers)+len(s.ordered)) + 1
}

func (s *scale) compareText(a, b string) int {
	if s.domain == domainVersions {
		return language.CompareVersions(a, b)
	}
	return strings.Compare(a, b)
}

// cell returns the cell of a value.
func (s *scale) cell(v event.Value) uint16 { return s.locate(&v) }

// locate is cell without copying the value.
func (s *scale) locate(value *event.Value) uint16 {
	switch value.Kind() {
	case event.KindMissing:
		return cellMissing
	case event.KindNumber:
		return s.numberCell(value.Number())
	case event.KindString, event.KindVersion:
		if s.domain != domainPlain {
			return s.textCell(*value)
		}
		if c, ok := s.texts[value.Text()]; ok {
			return c
		}
	case event.KindBool:
		if value.True() {
			return cellTrue
		}
		return cellFalse
	}
	return cellOther
}

func (s *scale) numberCell(number float64) uint16 {
	if number != number || s.domain == domainTexts || s.domain == domainVersions {
		return cellOther
	}
	// A hand-written search, as it runs for every changed number. It has no
	// branch that depends on the number.
	low, left := 0, len(s.numbers)
	for left > 1 {
		half := left >> 1
		below := 0
		if s.numbers[low+half-1] < number {
			below = 1
		}
		low += half & -below
		left -= half
	}
	cell := s.base + 2*low
	if left == 1 {
		if s.numbers[low] < number {
			cell += 2
		} else if s.numbers[low] == number {
			cell++
		}
	}
	return uint16(cell)
}

func (s *scale) textCell(v event.Value) uint16 {
	if (s.domain != domainVersions) != (v.Kind() == event.KindString) {
		return cellOther
	}
	i := sort.Search(len(s.ordered), func(i int) bool { return s.compareText(s.ordered[i], v.Text()) >= 0 })
	c := s.base + 2*i
	if i < len(s.ordered) && s.compareText(s.ordered[i], v.Text()) == 0 {
		c++
	}
	return uint16(c)
}

// firstBehind returns the first cell behind a bound of the ordered region.
func (s *scale) firstBehind(b bound) int {
	var c int
	if s.ofTexts() {
		i := sort.Search(len(s.ordered), func(i int) bool { return s.compareText(s.ordered[i], b.text) >= 0 })
		c = s.base + 2*i + 1
	} else {
		c = int(s.numberCell(b.number))
	}
	if b.side == sideBehind {
		c++
	}
	return c
}

// ofTexts reports whether the ordered region has texts or versions for
// constants, and not numbers.
func (s *scale) ofTexts() bool {
	return s.domain == domainTexts || s.domain == domainVersions || s.domain == domainOtherTexts
}

// isOrdered reports whether a cell lies in the ordered region.
func (s *scale) isOrdered(c uint16) bool { return int(c) >= s.base }

// scale returns the scale of an expression that has room for n more
// constants, or nil when the set has no more numbers for scales.
func (b *Builder) scale(of *language.Term, d domain, n int) *scale {
	b.key = append(of.AppendCanonical(b.key[:0]), byte(d))
	if s := b.scaleOf[string(b.key)]; s != nil && s.constants+n <= maxConstants {
		return s
	}
	if len(b.scales) >= maxScales {
		return nil
	}
	s := &scale{id: len(b.scales), domain: d, texts: map[string]uint16{}}
	b.scales, b.sources.scales = append(b.scales, s), append(b.sources.scales, of)
	b.scaleOf[string(b.key)] = s
	return s
}

// maxScales is the number of scales that 16 bits can name. A rule that
// needs one more is computed instead of looked up.
const maxScales = 1 << 16

// traitOf returns the index of the trait that a scale's values are, or -1.
func (b *Builder) traitOf(of *language.Term, d domain) int {
	if of.Op != language.OpTrait || !d.plain() {
		return -1
	}
	return b.trait(profile.Path(of.Name))
}

// plain reports whether a scale's cells are those of its expression's own
// value, and not of what this reads as.
func (d domain) plain() bool { return d == domainPlain || d == domainTexts || d == domainVersions }

// sensed compiles an expression for the value that a scale's cells are of.
func (b *Builder) sensed(of *language.Term, d domain) evaluator {
	value := compileValue(of, b)
	switch d {
	case domainMoment:
		return func(e *env) event.Value {
			if ms, ok := value(e).AsTime(); ok {
				return event.NumberOf(float64(ms))
			}
			return event.Value{}
		}
	case domainTimeTexts:
		return func(e *env) event.Value {
			v := value(e)
			if ms, ok := v.AsTime(); ok && v.Kind() == event.KindString {
				return event.NumberOf(float64(ms))
			}
			return event.Value{}
		}
	case domainOtherTexts:
		return func(e *env) event.Value {
			v := value(e)
			if _, ok := v.AsTime(); ok || v.Kind() != event.KindString {
				return event.Value{}
			}
			return v
		}
	case domainAge:
		return func(e *env) event.Value {
			if ms, ok := value(e).AsTime(); ok {
				return event.NumberOf(float64(e.now - ms))
			}
			return event.Value{}
		}
	}
	return value
}
