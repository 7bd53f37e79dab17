package rules

import "muster/rules/internal/language"

// valueOps are what rules may consist of whose truth depends on the values of
// traits, on series and on the time alone. What is not listed here may depend on
// anything, as bucket(...) does on the profile's id.
var valueOps = func() map[language.Op]bool {
	known := map[language.Op]bool{}
	for _, op := range []language.Op{
		language.OpConst, language.OpNil, language.OpTrait, language.OpAggregate, language.OpSegment, language.OpInstant,
		language.OpElement, language.OpField, language.OpNot, language.OpAnd, language.OpOr,
		language.OpEqual, language.OpNotEqual, language.OpLess, language.OpLessEqual, language.OpGreater, language.OpGreaterEqual,
		language.OpPresent, language.OpAbsent, language.OpIn, language.OpInRange,
		language.OpContains, language.OpStartsWith, language.OpEndsWith, language.OpMatches,
		language.OpAdd, language.OpSub, language.OpMul, language.OpDiv, language.OpMod, language.OpPow, language.OpNeg, language.OpPlus,
		language.OpLower, language.OpUpper, language.OpTrim, language.OpLen, language.OpVersion,
		language.OpFloat, language.OpInt, language.OpText, language.OpDate, language.OpCoalesce, language.OpCond,
		language.OpAnyOf, language.OpAllOf, language.OpNoneOf, language.OpOneOf, language.OpCountOf,
		language.OpMapOf, language.OpFilterOf, language.OpSumOf, language.OpMeanOf, language.OpMinOf, language.OpMaxOf,
	} {
		known[op] = true
	}
	return known
}()

// ByValues reports whether two profiles are in the same segments of the set if
// they have the same values of the traits of its Schema and the same state of its
// series, and none is stored for conditions of held(...). Where timed is true,
// that holds at one and the same time only; a series without an event is the same
// at all times. It reads all rules anew, some 20 us each.
func (s *Set) ByValues() (timed, ok bool) {
	ok = len(s.Schema().Conditions) == 0
	for i := range s.segments {
		one, mistakes := language.Check(s.segments[i].Rule)
		if len(mistakes) > 0 || !ok {
			return false, false
		}
		one.Term.Each(func(t *language.Term) {
			timed = timed || t.Op == language.OpInstant
			ok = ok && valueOps[t.Op]
		})
	}
	return timed, ok
}
