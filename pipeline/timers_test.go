package pipeline

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestFirstTimers moves timers about at random, and asks at every step for the
// first ones, which a sorted list must agree with.
func TestFirstTimers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	queues, stored := newTimers(nil), map[string]int64{}
	for range 3000 {
		id, at := fmt.Sprint("p", r.IntN(60)), int64(r.IntN(40))
		queues.set(id, at)
		if stored[id] = at; at == 0 {
			delete(stored, id)
		}
		if r.IntN(10) == 0 {
			queues.collect(int64(r.IntN(40)), r.IntN(20))
		}
		if r.IntN(200) == 0 { // time has come to them all, so begin anew
			queues = newTimers(nil)
			clear(stored)
		}
		var want []Timer
		for id, at := range stored {
			want = append(want, Timer{Profile: id, At: at})
		}
		slices.SortFunc(want, func(a, b Timer) int {
			return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Profile, b.Profile))
		})
		until, limit := int64(r.IntN(40)), r.IntN(30)
		late := slices.IndexFunc(want, func(one Timer) bool { return one.At > until })
		if late >= 0 {
			want = want[:late]
		}
		want = want[:min(limit, len(want))]
		if got := queues.first(until, limit); !slices.Equal(got, want) {
			t.Fatalf("the first %d until %d are %v, want %v", limit, until, got, want)
		}
	}
}
