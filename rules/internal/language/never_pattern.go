package language

import (
	"regexp/syntax"
	"unicode"
)

// neverMatching reports whether a term can yield no text that an expression
// matches.
func neverMatching(t *Term, pattern *syntax.Regexp) bool {
	for _, one := range choices(t) {
		if r := yieldOf(one); !r.neverMatches(pattern) {
			return false
		}
	}
	return true
}

// mostRunes is how many characters of a class are looked at. A class of more
// has both capitals and small letters.
const mostRunes = 1000

// neverMatches reports whether a regular expression demands a character that
// a text of small letters, or of capitals, can't have.
func (r *yield) neverMatches(pattern *syntax.Regexp) bool {
	switch pattern.Op {
	case syntax.OpLiteral:
		for _, one := range pattern.Rune {
			if pattern.Flags&syntax.FoldCase == 0 && !r.has(one) {
				return true
			}
		}
	case syntax.OpCharClass:
		return r.lacksClass(pattern.Rune)
	case syntax.OpConcat, syntax.OpCapture, syntax.OpPlus:
		for _, part := range pattern.Sub {
			if r.neverMatches(part) {
				return true
			}
		}
	case syntax.OpRepeat:
		return pattern.Min > 0 && r.neverMatches(pattern.Sub[0])
	case syntax.OpAlternate:
		for _, part := range pattern.Sub {
			if !r.neverMatches(part) {
				return false
			}
		}
		return len(pattern.Sub) > 0
	}
	return false
}

// has reports whether a text that is yielded can have a character.
func (r *yield) has(one rune) bool {
	return (!r.lower || unicode.ToLower(one) == one) && (!r.upper || unicode.ToUpper(one) == one)
}

// lacksClass reports whether a text that is yielded can have no character of a
// class, which is given as pairs of first and last ones.
func (r *yield) lacksClass(pairs []rune) bool {
	left := mostRunes
	for i := 0; i+1 < len(pairs); i += 2 {
		for one := pairs[i]; one <= pairs[i+1]; one++ {
			if left--; left < 0 || r.has(one) {
				return false
			}
		}
	}
	return len(pairs) > 0
}
