package generate

import "math/rand/v2"

// Set returns a random valid rule for each id. Rules mention segments
// without regard to the order of ids, and never in a circle.
func Set(r *rand.Rand, ids []string) map[string]string {
	texts := make(map[string]string, len(ids))
	known := make([]string, 0, len(ids))
	for _, i := range r.Perm(len(ids)) {
		texts[ids[i]] = Rule(r, 1+r.IntN(3), known)
		known = append(known, ids[i])
	}
	return texts
}
