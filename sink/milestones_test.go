package sink_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"muster/pipeline"
	"muster/sink"
	"muster/test/kit/redis"
)

// As many changes are kept as the bound says, whatever commits have and whoever
// makes them, and not many more.
func TestAnOutboxKeepsItsNewestChanges(t *testing.T) {
	const most = 2000
	server := redis.Start(t)
	cfg := config(server.Address)
	cfg.OutboxMax = most
	store := open(t, cfg)
	w, r := start(t, store, 0), rand.New(rand.NewPCG(1, 2))
	for number := range 150 {
		if number%20 == 10 { // another owner goes on
			store = connect(t, cfg)
			w = start(t, store, 0)
		}
		c := w.next()
		c.Changes = changesOf(1 + r.IntN(100))
		if number == 60 {
			c.Changes = changesOf(5000)
		}
		if err := w.commit(t, c); err != nil {
			t.Fatal(err)
		}
		if number%10 > 0 && number != 60 {
			continue
		}
		got := outbox(t, store, 0)
		newest, oldest := w.state.Outbox, got[0].Number()
		if got[len(got)-1].Number() != newest || int64(len(got)) != newest-oldest+1 {
			t.Fatalf("after %d changes there are %d, from %s to %s", newest, len(got), got[0].ID, got[len(got)-1].ID)
		}
		// On top come a step between milestones, an entry, and the entries beside it in
		// a node of the stream, of 4 KB.
		if len(got) < int(min(most, newest)) || len(got) > most+most/64+1000+1000 {
			t.Fatalf("of %d changes %d are kept, want %d", newest, len(got), most)
		}
	}
	kept := server.Client(t).HGet(t.Context(), "m:{s0}:meta", "milestones").Val()
	if n := len(strings.Fields(kept)); n < 10 || n > 66 {
		t.Errorf("there are %d milestones: %s", n, kept)
	}
}

// Changes of a version without milestones are dropped once there are enough
// behind them.
func TestAnOutboxWithoutMilestonesIsTrimmedLater(t *testing.T) {
	server := redis.Start(t)
	cfg := config(server.Address)
	cfg.OutboxMax = 100
	store, c := open(t, cfg), server.Client(t)
	for i := range 300 {
		if err := c.XAdd(t.Context(), single(fmt.Sprintf("1-%d", i+1), fmt.Sprint("p", i))).Err(); err != nil {
			t.Fatal(err)
		}
	}
	c.HSet(t.Context(), "m:{s3}:meta", "next", 1, "outbox", 300)
	w := start(t, store, 3)
	for range 120 {
		w.step(t)
	}
	got := outbox(t, store, 3)
	if len(got) < 100 || len(got) > 250 || got[len(got)-1].Number() != 420 {
		t.Errorf("%d are kept up to %s", len(got), got[len(got)-1].ID)
	}
	c.HSet(t.Context(), "m:{s3}:meta", "milestones", "1-2 x")
	if _, err := store.Open(t.Context(), 3); err == nil || !strings.Contains(err.Error(), `"x" is no id`) {
		t.Errorf("what is no milestone gives %v", err)
	}
}

func changesOf(count int) (changes []pipeline.Change) {
	for i := range count {
		changes = append(changes, pipeline.Change{
			Segment: fmt.Sprint("s", i%7), Profile: fmt.Sprint("p", i), Entered: true, At: int64(i), Version: 1, Cause: pipeline.CauseEvent,
		})
	}
	return changes
}

// ids are those of entries.
func ids(entries []sink.Entry) (ids []string) {
	for _, e := range entries {
		ids = append(ids, e.ID)
	}
	return ids
}
