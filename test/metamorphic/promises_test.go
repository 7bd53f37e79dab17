package metamorphic

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"muster/test/kit/generate"
)

// promised lists the segments of which the catalog says that nothing they
// count is missing.
func (e *edited) promised() (ids []string) {
	for id := range e.texts {
		if fields := strings.Fields(e.catalog["s:"+id]); len(fields) == 3 && fields[2] == "0" {
			ids = append(ids, id)
		}
	}
	return ids
}

// only leaves some segments in memberships.
func only(memberships map[string][]string, segments []string) map[string][]string {
	in := map[string][]string{}
	for id, list := range memberships {
		for _, segment := range list {
			if slices.Contains(segments, segment) {
				in[id] = append(in[id], segment)
			}
		}
	}
	return in
}

// Here nothing makes sure that what a new segment counts was kept before. A
// segment for which it was has the members that the whole history gives it;
// of the others the catalog must say since when they count.
func TestSegmentsThatLackNothingAreExact(t *testing.T) {
	kept, lacking := 0, 0
	eachEdited(t, func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 11))
		c := newCrowd(t, r, generate.NewPool(r, false, steps...).Forget(), 0, ordinary)
		for range 40 {
			c.change()
			c.produce(r.IntN(8))
			c.serve(r.IntN(5))
			c.turn()
			if r.IntN(8) == 0 {
				c.comeBackOlder(r.IntN(6))
			}
			if r.IntN(2) == 0 {
				continue
			}
			c.settle(r)
			c.mustBeConsistent("in between")
			promised := c.promised()
			if got, want := only(c.members(), promised), only(c.foretold(), promised); !reflect.DeepEqual(got, want) {
				t.Fatal(difference(got, want))
			}
			kept, lacking = kept+len(promised), lacking+len(c.texts)-len(promised)
		}
	})
	if kept == 0 || lacking == 0 {
		t.Errorf("%d segments lack nothing, %d lack something: that says nothing", kept, lacking)
	}
}
