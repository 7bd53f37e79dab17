package sink_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	client "github.com/redis/go-redis/v9"

	"muster/pipeline"
)

// TestACommitTakesTwoTrips looks which commands a commit sends in each round
// trip, and one that is refused before anything of it was sent: what Redis
// watches must not stay with the connection.
func TestACommitTakesTwoTrips(t *testing.T) {
	w := start(t, open(t, config(miniredis.RunT(t).Addr())), 0)
	w.step(t) // reads what is known from then on
	var trips []string
	w.store.OnTrip(func(commands []client.Cmder) {
		names := make([]string, len(commands))
		for i, command := range commands {
			names[i] = command.Name()
		}
		trips = append(trips, strings.Join(slices.Compact(names), " "))
	})
	c := w.next()
	if err := w.commit(t, c); err != nil {
		t.Fatal(err)
	}
	const begins = "watch hmget"
	if len(trips) != 2 || trips[0] != begins || !strings.HasPrefix(trips[1], "multi hset ") || !strings.HasSuffix(trips[1], " exec") {
		t.Errorf("a commit takes the trips %q", trips)
	}
	trips = nil
	if err := w.commit(t, c); !errors.Is(err, pipeline.ErrFenced) { // it does not follow any more
		t.Errorf("a commit that has landed before returned %v", err)
	}
	if want := []string{begins, "unwatch"}; !slices.Equal(trips, want) {
		t.Errorf("a commit that is refused takes the trips %q, want %q", trips, want)
	}
}
