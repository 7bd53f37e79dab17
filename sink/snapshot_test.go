package sink_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"muster/pipeline"
	"muster/sink"
	"muster/test/kit/redis"
)

// eachStore runs a test on miniredis, on Redis and on a cluster.
func eachStore(t *testing.T, test func(t *testing.T, store *sink.Store)) {
	t.Run("miniredis", func(t *testing.T) { test(t, open(t, config(miniredis.RunT(t).Addr()))) })
	t.Run("redis", func(t *testing.T) { test(t, open(t, config(redis.Start(t).Address))) })
	t.Run("cluster", func(t *testing.T) {
		needCluster(t)
		test(t, open(t, config(redis.StartCluster(t, 3, 0).Addresses...)))
	})
}

// enroll commits profiles to shard 3, each with a change at an instant that is
// its number of seconds.
func enroll(t *testing.T, store *sink.Store, count int) {
	t.Helper()
	state, err := store.Open(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	commit := pipeline.Commit{Epoch: state.Epoch, From: state.Next, Next: 7, Clock: 5000, Outbox: state.Outbox}
	for i := int(state.Outbox); i < int(state.Outbox)+count; i++ {
		id := fmt.Sprintf("p %03d\xff", i)
		commit.Profiles = append(commit.Profiles, pipeline.Write{Profile: id, Blob: []byte("blob of " + id)})
		commit.Changes = append(commit.Changes, pipeline.Change{
			Profile: id, Segment: []string{"vip", "other"}[i%2], Entered: true, At: int64(i+1) * 1000, Version: 1, Cause: pipeline.CauseEvent,
		})
	}
	if err := store.Commit(t.Context(), 3, &commit); err != nil {
		t.Fatal(err)
	}
}

// A roll has every profile once, wherever it is cut, and says of which moment it
// is.
func TestRollHasEveryProfileOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, store *sink.Store) {
		enroll(t, store, 300)
		for _, limit := range []int{1, 7, 100, 1000} {
			var ids []string
			for place := ""; ; {
				roll, err := store.Roll(t.Context(), 3, place, limit)
				if err != nil {
					t.Fatal(err)
				}
				if roll.Outbox != 300 || roll.Clock != 5000 {
					t.Fatalf("a roll is of change %d and clock %d", roll.Outbox, roll.Clock)
				}
				// In the middle of a bucket too.
				cut := min(len(roll.Profiles), max(1, limit/2))
				for _, p := range roll.Profiles[:cut] {
					if p.Blob != "blob of "+p.ID {
						t.Fatalf("%q has %q", p.ID, p.Blob)
					}
					ids = append(ids, p.ID)
				}
				if place = roll.Next; cut < len(roll.Profiles) {
					place = roll.Profiles[cut-1].Place
				}
				if place == "" {
					break
				}
			}
			slices.Sort(ids)
			if unique := slices.Compact(slices.Clone(ids)); len(ids) != 300 || len(unique) != 300 {
				t.Errorf("limit %d: %d profiles, %d of them different", limit, len(ids), len(unique))
			}
		}
		if _, err := store.Roll(t.Context(), 3, "x", 1); err == nil {
			t.Error("a place that is none is taken")
		}
	})
}

// A run is asked for in place of the one that the caller knows of, and of no
// other.
func TestARunIsAskedForInsteadOfAKnownOne(t *testing.T) {
	eachStore(t, func(t *testing.T, store *sink.Store) {
		for i, step := range []struct {
			run, instead string
			asked        bool
			want         string
		}{
			{"a", "", true, "a"},
			{"b", "", false, "a"},
			{"b", "a", true, "b"},
			{"c", "a", false, "b"},
			{"b", "a", true, "b"}, // the answer was lost
		} {
			asked, err := store.SetDestinationRun(t.Context(), "crm", step.run, step.instead)
			if err != nil || asked != step.asked {
				t.Errorf("step %d: %t, %v", i, asked, err)
			}
			if orders, err := store.Orders(t.Context(), "crm"); err != nil || orders.Run != step.want {
				t.Errorf("step %d: %q is asked for, %v", i, orders.Run, err)
			}
		}
	})
}

// What a run has come to is stored with a step, and told by Deliveries.
func TestALedgerKeepsARun(t *testing.T) {
	eachStore(t, func(t *testing.T, store *sink.Store) {
		if _, err := store.SetDestinationRun(t.Context(), "crm", "r1", ""); err != nil {
			t.Fatal(err)
		}
		want := sink.Standing{
			Behind: "7-4", Number: 4, Until: 4, Asked: "r1", Run: "r1", Mark: "12 p\xff", Named: 5, Owed: 1, Lost: 2, Gap: 3, Torn: 4, Began: 2,
			Serial: 6, Paged: 3,
		}
		ledger := store.Ledger(3, "crm")
		if _, err := ledger.Claim(t.Context()); err != nil {
			t.Fatal(err)
		}
		step := sink.LedgerStep{Standing: want, Wait: map[int64][]byte{-5: []byte("five"), 3: []byte("three")}}
		if err := ledger.Save(t.Context(), step); err != nil {
			t.Fatal(err)
		}
		found, err := ledger.Find(t.Context(), sink.LedgerQuestion{Numbers: []int64{3, 4, -5}})
		if err != nil || len(found.Numbered) != 2 || found.Numbered[1].Number != -5 || string(found.Numbered[1].Text) != "five" {
			t.Errorf("found %+v, %v", found, err)
		}
		want.Waiting = 2
		if got, err := store.Ledger(3, "crm").Claim(t.Context()); err != nil || got != want {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
		d, err := store.Deliveries(t.Context(), "crm")
		if run := (sink.SnapshotRun{Run: "r1", Shards: d.Snapshot.Shards, Begun: 1, Named: 5, Owed: 1, Lost: 2, Gap: 7}); err != nil || d.Snapshot != run || run.Shards == 0 {
			t.Errorf("got %+v, %v; want %+v", d.Snapshot, err, run)
		}
	})
}

// A replay fences off who delivers, takes back what waits behind the instant,
// and has what waited behind that go on.
func TestAReplayGoesBack(t *testing.T) {
	eachStore(t, func(t *testing.T, store *sink.Store) {
		ledger := store.Ledger(3, "crm")
		if _, err := ledger.Claim(t.Context()); err != nil {
			t.Fatal(err)
		}
		enroll(t, store, 20)
		step := sink.LedgerStep{
			Standing: sink.Standing{Behind: "7-20", Number: 20, Until: 20},
			Wait: map[int64][]byte{
				2: []byte("two"), 5: []byte("five"), 9: []byte("nine"), -1: []byte("one of a run"), -2: []byte("two of a run"),
			},
			Due:  map[int64]int64{2: 1, 5: 1},
			Held: map[string][]int64{"p": {2, 9, -1}, "q": {5, -2}, "r": {9}, "s": {2}},
		}
		if err := ledger.Save(t.Context(), step); err != nil {
			t.Fatal(err)
		}
		plan, err := store.PlanReplay(t.Context(), 3, 4500, func(segment string) bool { return segment == "vip" })
		want := sink.Replay{Standing: sink.Standing{Behind: "7-4", Number: 4, Until: 4}, Changes: 8, Oldest: 1000}
		if err != nil || plan != want {
			t.Fatalf("planned %+v, %v; want %+v", plan, err, want)
		}
		if back, err := store.Replay(t.Context(), 3, "crm", plan); err != nil || !back {
			t.Fatalf("got %t, %v", back, err)
		}
		if err := ledger.Save(t.Context(), step); !errors.Is(err, sink.ErrClaimed) {
			t.Errorf("who delivered before may go on: %v", err)
		}
		got, err := ledger.Claim(t.Context())
		if want := (sink.Standing{Behind: "7-4", Number: 4, Until: 4, Waiting: 3}); err != nil || got != want {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
		found, err := ledger.Find(t.Context(), sink.LedgerQuestion{
			Due: time.Now().UnixMilli(), Most: 10, Profiles: []string{"p", "q", "r", "s"}, Numbers: []int64{2, 5, 9, -1, -2},
		})
		held := map[string][]int64{"p": {2, -1}, "q": {-2}, "s": {2}}
		if err != nil || !maps.EqualFunc(found.Held, held, slices.Equal) || len(found.Numbered) != 3 || len(found.Due) != 2 {
			t.Errorf("found %+v, %v", found, err)
		}
		// Once more it has nowhere to go back to.
		if back, err := store.Replay(t.Context(), 3, "crm", plan); err != nil || back {
			t.Errorf("once more: %t, %v", back, err)
		}
		plan, err = store.PlanReplay(t.Context(), 3, 1_000_000, func(string) bool { return true })
		if want := (sink.Replay{Standing: sink.Standing{Behind: "7-20", Number: 20, Until: 20}, Oldest: 1000}); err != nil || plan != want {
			t.Errorf("planned %+v, %v; want %+v", plan, err, want)
		}
	})
}

// Where the outbox does not go back to the instant, the plan says what is gone.
func TestAReplayTellsWhatIsGone(t *testing.T) {
	server := redis.Start(t)
	store := open(t, config(server.Address))
	enroll(t, store, 15)
	enroll(t, store, 5)
	plain := server.Client(t)
	keys, err := plain.Keys(t.Context(), "*{s3}:out").Result()
	if err != nil || len(keys) != 1 {
		t.Fatalf("outboxes %v, %v", keys, err)
	}
	if err := plain.XTrimMaxLen(t.Context(), keys[0], 1).Err(); err != nil {
		t.Fatal(err)
	}
	plan, err := store.PlanReplay(t.Context(), 3, 4500, func(string) bool { return true })
	if want := (sink.Replay{Standing: sink.Standing{Number: 15, Until: 15}, Changes: 5, Oldest: 16_000, Dropped: 15}); err != nil || plan != want {
		t.Errorf("planned %+v, %v; want %+v", plan, err, want)
	}
	plan, err = store.PlanReplay(t.Context(), 3, 17_500, func(string) bool { return true })
	if want := (sink.Replay{Standing: sink.Standing{Behind: "7-17", Number: 17, Until: 17}, Changes: 3, Oldest: 16_000}); err != nil || plan != want {
		t.Errorf("planned %+v, %v; want %+v", plan, err, want)
	}
}
