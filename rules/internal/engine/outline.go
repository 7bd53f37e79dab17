package engine

import "muster/rules/internal/language"

// Outline is how a rule is found, as far as the rule alone tells.
type Outline struct {
	Indexed  int      // predicates that a change leads to directly
	Computed []string // those that are computed, as text for people
	Share    float64  // of profiles for which the rule is guessed to hold, 0 to 1
}

// OutlineOf builds a rule for itself, to see how it is found.
func OutlineOf(t *language.Term) Outline {
	var outline Outline
	builder := NewBuilder(func(string) int { return 0 }, nil)
	root := builder.root(t)
	builder.connect()
	for _, s := range builder.scales {
		s.resolve()
	}
	for _, f := range append(builder.held.roots, root) {
		f.simplify()
		f.estimate(&sampled{})
		f.each(func(l *literal) {
			if l.kind == literalResidual {
				outline.Computed = append(outline.Computed, builder.residuals[l.index].text)
			} else {
				outline.Indexed++
			}
		})
	}
	outline.Share = root.share
	return outline
}
