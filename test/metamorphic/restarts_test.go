package metamorphic

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"muster/pipeline"
	"muster/pipeline/memory"
)

// tinyCache keeps no profile that has been committed.
const tinyCache = 1

func TestRestartBehindAnyRecord(t *testing.T) {
	each(t, usual, func(t *testing.T, h *history) {
		records, store := h.records(), memory.New()
		for end := range records {
			worker := newWorker(t, h.set, store.Share(), records[:end+1], 1)
			worker.Config.CacheBytes = tinyCache
			drive(t, worker)
		}
		mustEqual(t, store.Outbox(0), replay(t, h.set, records).changes)
	})
}

// errKilled is what a worker sees last.
var errKilled = errors.New("killed")

// killing is a Store whose worker dies at a commit.
type killing struct {
	pipeline.Store
	after  int  // commits that land in peace
	landed bool // whether the worker dies after its commit, or before
}

// Commit implements pipeline.Store.
func (k *killing) Commit(ctx context.Context, shard int, c *pipeline.Commit) error {
	if k.after--; k.after >= 0 {
		return k.Store.Commit(ctx, shard, c)
	}
	if k.landed {
		if err := k.Store.Commit(ctx, shard, c); err != nil {
			return err
		}
	}
	return errKilled
}

// A worker dies every few commits, in half of the cases with a commit that
// has landed although nobody was told. The next one goes on from the store.
func TestKilledAroundCommits(t *testing.T) {
	each(t, usual, func(t *testing.T, h *history) {
		r := rand.New(rand.NewPCG(1, 4))
		records, store, deaths := h.records(), memory.New(), [2]int{}
		for {
			landed := r.IntN(2)
			killer := &killing{store.Share(), r.IntN(6), landed == 1}
			worker := newWorker(t, h.set, killer, records, 1+r.IntN(9))
			worker.Config.CacheBytes, worker.Config.Timers = tinyCache, 1+r.IntN(4)
			err := worker.Run(t.Context(), 0)
			if !errors.Is(err, errEnd) && !errors.Is(err, errKilled) {
				t.Fatal(err)
			}
			if killer.after >= 0 {
				break
			}
			deaths[landed]++
		}
		if deaths[0] < 10 || deaths[1] < 10 {
			t.Errorf("killed before and after a commit %v times: too seldom", deaths)
		}
		mustEqual(t, store.Outbox(0), replay(t, h.set, records).changes)
	})
}
