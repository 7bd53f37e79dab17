package metamorphic

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"muster/test/kit/generate"
)

// widths are rules of the same events within windows of several widths.
var widths = []string{
	`count(events("*", "1h")) > 0`, `count(events("*", "1d")) > 1`, `count(events("*", "1d")) in 1..2`, `count(events("*", "7d")) > 2`,
	`count(events("*", "30d")) > 4`, `sum(events("Order*", "1d"), .price) > 10`, `sum(events("Order*", "30d"), .price) > 50`,
}

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

// mustKeepPromises demands that these have the members that the whole history
// gives them.
func (e *edited) mustKeepPromises(when string) {
	e.t.Helper()
	e.mustBeConsistent(when)
	promised := e.promised()
	if got, want := only(e.members(), promised), only(e.foretold(), promised); !reflect.DeepEqual(got, want) {
		e.t.Fatalf("%s: %s", when, difference(got, want))
	}
}

// Here nothing makes sure that what a new segment counts was kept before. A
// segment for which it was has the members that the whole history gives it;
// of the others the catalog must say since when they count.
func TestSegmentsThatLackNothingAreExact(t *testing.T) {
	kept, lacking := 0, 0
	all := eachEdited(t, func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 11))
		c := newCrowd(t, r, generate.NewPool(r, false, widths...).Forget(), 0, ordinary)
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
			c.mustKeepPromises("in between")
			c.change() // and then nothing but time happens to most
			c.settle(r)
			c.pass(pick(r, []int64{minute, 60 * minute, week / 7, week}))
			c.settle(r)
			c.turn() // which moves the clock to where time is
			c.mustKeepPromises("some time later")
			promised := len(c.promised())
			kept, lacking = kept+promised, lacking+len(c.texts)-promised
		}
	})
	if all && (kept == 0 || lacking == 0) {
		t.Errorf("%d segments lack nothing, %d lack something: that says nothing", kept, lacking)
	}
}
