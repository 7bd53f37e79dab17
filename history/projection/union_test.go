package projection

import (
	"math/rand/v2"
	"testing"
)

// A union covers all that it is of, is that of a single one itself, and does
// not depend on the order.
func TestUnion(t *testing.T) {
	more := 0
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 35))
		a, b := Of(randomSet(t, r, 3).Reads(), seed%3 == 0), Of(randomSet(t, r, 3).Reads(), seed%2 == 0)
		both := Union(a, b)
		if !both.Covers(a) || !both.Covers(b) {
			t.Errorf("seed %d: %+v does not cover %+v and %+v", seed, both, a, b)
		}
		if both.Key() != Union(b, a).Key() || Union(a).Key() != a.Key() || Union(both, a).Key() != both.Key() {
			t.Errorf("seed %d: %+v depends on how it was made", seed, both)
		}
		if !a.Covers(b) && !b.Covers(a) {
			more++
		}
	}
	if more < 10 {
		t.Errorf("only %d were wider than both", more)
	}
}
