package sink_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"

	"muster/pipeline"
	"muster/sink"
	"muster/test/kit/redis"
)

// loseEntry takes an entry from a list of the new shards.
func loseEntry(t *testing.T, c *client.Client) {
	t.Helper()
	keys := c.Keys(t.Context(), "m:2:*:chron:*").Val()
	if len(keys) == 0 {
		t.Fatal("nothing was copied")
	}
	c.RPop(t.Context(), slices.Min(keys))
}

// copyLosing copies shards, and calls lose when they are checked.
func copyLosing(t *testing.T, cfg sink.Config, lose func()) error {
	t.Helper()
	p := plan(t, "t5", 5, "t7", 7)
	p.Progress = func(at sink.Progress) {
		if at.Step == "check" && lose != nil {
			lose()
			lose = nil
		}
	}
	r, err := connect(t, cfg).Reshard(t.Context(), p)
	if err == nil {
		_, err = r.Seal(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Copy(t.Context())
	return err
}

// An entry of the chronicle that a server has lost makes a reshard fail, also
// where another process has copied it, and the next run mends it. What was
// erased is not missed.
func TestReshardCountsChronicles(t *testing.T) {
	server := redis.Start(t)
	cfg, c := keeping(server.Address), server.Client(t)
	store := initialised(t, cfg, 5)
	now := time.Now().UnixMilli()
	for shard := range 5 {
		commitChanges(t, start(t, store, shard), now-int64(shard%2)*86_400_000, fmt.Sprint("ann", shard), fmt.Sprint("ben", shard))
	}
	gone := func(id string, _ uint64) bool { return id == "ben1" }
	if n, err := store.CleanChronicle(t.Context(), 1, []string{pipeline.ErasedName("ben1")}, gone); n != 1 || err != nil {
		t.Fatalf("erased %d, %v", n, err)
	}
	for name, before := range map[string]func(){
		"copied by this process": func() {},
		"copied by another": func() {
			atCheck := func(at sink.Progress) bool { return at.Step == "check" }
			if _, ended := copyUntil(t, cfg, plan(t, "t5", 5, "t7", 7), atCheck); ended {
				t.Fatal("it went on to its end")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			before()
			defer abandon(t, cfg)
			err := copyLosing(t, cfg, func() { loseEntry(t, c) })
			if err == nil || !strings.Contains(err.Error(), "entries of the chronicle of 20") || !strings.Contains(err.Error(), "run it again") {
				t.Errorf("it says %v", err)
			}
			if left := c.Keys(t.Context(), "m:2:*:chron:*").Val(); len(left) > 0 {
				t.Errorf("what was copied stays: %q", left)
			}
			if err := copyLosing(t, cfg, nil); err != nil {
				t.Errorf("run again it says %v", err)
			}
		})
	}
}
