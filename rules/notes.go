package rules

import (
	"slices"

	"muster/rules/internal/language"
)

// Notes looks at segment files whose rules are in the language, and tells
// where one probably means something else than it says. What it returns has
// Note set: nothing is wrong, and nothing is refused.
func Notes(sources ...Source) Errors {
	var found Errors
	var doubtful []*Error // beside pending, each waits for a stream of its event
	var pending []string
	names := map[string]bool{}
	for _, source := range sources {
		segments, _ := Read(source)
		for i := range segments {
			one := &segments[i]
			notes, asked := language.Notes(one.Rule)
			for _, name := range asked {
				names[name] = true
			}
			for _, n := range notes {
				e := one.origin.errorAt(one.ID, one.Rule, n.Mistake)
				if e.Note = true; n.Event == "" {
					found = append(found, e)
					continue
				}
				doubtful, pending = append(doubtful, e), append(pending, n.Event)
			}
		}
	}
	for i, e := range doubtful {
		if names[pending[i]] {
			found = append(found, e)
		}
	}
	sortErrors(found)
	return slices.CompactFunc(found, func(a, b *Error) bool { return *a == *b })
}
