package sink_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	client "github.com/redis/go-redis/v9"

	"muster/pipeline"
	"muster/test/kit/redis"
)

// TestSizesThatAreRemembered has two stores own a shard in turns and change
// segments at random. The sizes are those of the changes, and an owner has
// Redis count each segment only once.
func TestSizesThatAreRemembered(t *testing.T) {
	server := redis.Start(t)
	counted := map[string]int{} // by HINCRBY since the shard was opened
	var workers []*worker
	for range 2 {
		store := open(t, config(server.Address))
		store.OnTrip(func(commands []client.Cmder) {
			for _, command := range commands {
				if arguments := command.Args(); command.Name() == "hincrby" && len(arguments) == 4 && fmt.Sprint(arguments[1]) == "m:{s0}:size" {
					counted[*arguments[2].(*string)]++
				}
			}
		})
		workers = append(workers, start(t, store, 0))
	}
	r, want, members := rand.New(rand.NewPCG(1, 2)), map[string]int64{}, map[string]bool{}
	owner := workers[1]
	for range 300 {
		switch r.IntN(30) {
		case 0:
			owner = workers[r.IntN(2)]
			clear(counted)
			if err := owner.open(t); err != nil {
				t.Fatal(err)
			}
		case 1:
			c := owner.next()
			c.Changes, c.Drop = nil, []string{fmt.Sprint("segment ", r.IntN(9))}
			delete(want, c.Drop[0])
			for i := range 20 {
				delete(members, fmt.Sprint(c.Drop[0], i))
			}
			delete(counted, c.Drop[0])
			if err := owner.commit(t, c); err != nil {
				t.Fatal(err)
			}
		}
		c := owner.next()
		c.Changes = c.Changes[:0]
		for range r.IntN(12) {
			segment, i := fmt.Sprint("segment ", r.IntN(9)), r.IntN(20)
			one := fmt.Sprint(segment, i)
			members[one] = !members[one]
			c.Changes = append(c.Changes, pipeline.Change{Segment: segment, Profile: fmt.Sprint("p", i), Entered: members[one], At: c.Next})
			if want[segment]--; members[one] {
				want[segment] += 2
			}
		}
		if err := owner.commit(t, c); err != nil {
			t.Fatal(err)
		}
		for segment, times := range counted {
			if times > 1 {
				t.Fatalf("the owner has Redis count %s %d times", segment, times)
			}
		}
	}
	got, err := owner.store.Sizes(t.Context())
	maps.DeleteFunc(got, func(_ string, n int64) bool { return n == 0 })
	maps.DeleteFunc(want, func(_ string, n int64) bool { return n == 0 })
	if err != nil || !maps.Equal(got, want) || len(want) == 0 {
		t.Errorf("sizes %v, %v; want %v", got, err, want)
	}
}
