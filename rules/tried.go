package rules

import (
	"errors"
	"slices"

	"muster/rules/internal/language"
)

// Try compiles a segment beside a Set, nil for none: with those that its rule
// mentions, which takes as little time however many there are.
//
// The rule may ask the catalogues of the Set too.
func Try(segment Segment, beside *Set) (*Set, error) {
	segments := []Segment{segment}
	if beside == nil {
		return Compile(segments)
	}
	if segment.tables == nil {
		segments[0] = segment.Using(beside.tables)
	}
	one, _ := checkRule(segment.Rule) // its mistakes are those of compiling
	positions, known := mentionedBy(one.Uses, beside)
	set, err := Compile(append(segments, beside.with(positions)...))
	var mistakes Errors
	if errors.As(err, &mistakes) && !known {
		// What may have been meant by an id is told of all that there are.
		_, err = Check(append(segments, beside.segments...), nil)
	}
	return set, err
}

// mentionedBy returns the positions of what a rule mentions, and whether all of
// it is there.
func mentionedBy(uses []language.Use, beside *Set) (positions []int, known bool) {
	known = true
	for _, use := range uses {
		position, ok := beside.Position(use.Segment)
		if ok {
			positions = append(positions, position)
		}
		known = known && ok
	}
	slices.Sort(positions)
	return slices.Compact(positions), known
}

// NormalRule returns the normal form of a rule, and the ids of the segments that
// it mentions. Rules with equal ones mean the same, given the same segments. It
// is false for a rule with a mistake.
func NormalRule(rule string) (normal string, mentions []string, ok bool) {
	one, mistakes := checkRule(rule)
	if len(mistakes) > 0 {
		return "", nil, false
	}
	for _, use := range one.Uses {
		mentions = append(mentions, use.Segment)
	}
	slices.Sort(mentions)
	return one.Term.String(), slices.Compact(mentions), true
}
