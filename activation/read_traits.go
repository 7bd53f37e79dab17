package activation

import "github.com/goccy/go-yaml/ast"

// readTraits reads which traits a destination is sent.
func (r *reading) readTraits(n ast.Node) (entries []string) {
	var paths [][]string
	r.list(n, "traits", `a list as [email, address.city]`, maxTraits, func(n ast.Node) {
		before := len(r.mistakes)
		entry := r.text(n, "an entry of traits")
		if len(r.mistakes) > before {
			return
		}
		keys, message, hint := traitPath(entry)
		if message != "" {
			r.wrong(n, hint, "%s", message)
			return
		}
		for i, other := range paths {
			if within(keys, other) || within(other, keys) {
				r.wrong(n, "keep one of them", "traits has %s and %s, which are one or lie within each other", entries[i], entry)
				return
			}
		}
		entries, paths = append(entries, entry), append(paths, keys)
	})
	return entries
}

// traitsFit tells of traits that the destination's format can't carry.
func (r *reading) traitsFit(n ast.Node, d *Destination) {
	if len(d.Traits) > 0 && !d.format.Traits {
		r.wrong(n, "take the traits out, or choose another format", "the format %s carries no traits", d.Format)
	}
}
