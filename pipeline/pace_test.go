package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"muster/pipeline"
	"muster/pipeline/memory"
)

// narrow is a Store that so many profiles do not come through to in time.
type narrow struct {
	pipeline.Store
	most    int
	largest int // commit that landed
	landed  int
	failed  int
}

func (n *narrow) Load(ctx context.Context, shard int, ids []string) ([]string, error) {
	if err := n.pass(len(ids)); err != nil {
		return nil, err
	}
	return n.Store.Load(ctx, shard, ids)
}

func (n *narrow) Commit(ctx context.Context, shard int, c *pipeline.Commit) error {
	if err := n.pass(len(c.Profiles)); err != nil {
		return errors.Join(err, pipeline.ErrFenced)
	}
	n.largest, n.landed = max(n.largest, len(c.Profiles)), n.landed+1
	return n.Store.Commit(ctx, shard, c)
}

func (n *narrow) pass(profiles int) error {
	if profiles <= n.most {
		return nil
	}
	n.failed++
	return fmt.Errorf("sending %d profiles: %w", profiles, os.ErrDeadlineExceeded)
}

// A batch that does not come through in time is halved until it does, and
// what follows is the same. When more comes through again, more is sent.
func TestWhatIsTooLargeIsHalved(t *testing.T) {
	w := newWorld(t, 5, 300)
	for most := 1; most <= 4; most++ { // of five profiles
		store := memory.New()
		n := &narrow{Store: store, most: most}
		worker := newWorker(n, w.set, w.records[:200], 200)
		worker.Config.CacheBytes = 1 // so that profiles are loaded again and again
		for stuck := 0; ; {
			failed, landed := n.failed, n.landed
			err := worker.Run(t.Context(), 0)
			if errors.Is(err, errEnd) {
				break
			}
			// What comes through in no time has the next one be larger, which fails, so that a run may get on by one commit.
			if stuck++; n.landed > landed {
				stuck = 0
			}
			if stuck > 3 || n.failed == failed {
				t.Fatalf("at most %d profiles come through: %d failures, and then %v", most, n.failed, err)
			}
		}
		n.most, n.largest = 1000, 0
		worker.Open = newWorker(n, w.set, w.records, 100).Open
		if err := worker.Run(t.Context(), 0); !errors.Is(err, errEnd) {
			t.Fatal(err)
		}
		w.check(t, store)
		if n.largest <= most {
			t.Errorf("at most %d profiles came through: commits have %d since all come", most, n.largest)
		}
	}
}

// What fails for another reason would fail too if it were smaller.
func TestOtherFailuresHalveNothing(t *testing.T) {
	w := newWorld(t, 6, 100)
	store := memory.New()
	worker := newWorker(&failing{store, 0}, w.set, w.records, 100)
	for range 3 {
		if err := worker.Run(t.Context(), 0); err == nil {
			t.Fatal("it did not fail")
		}
	}
	n := &narrow{Store: store, most: 1000}
	worker.Store = n
	if err := worker.Run(t.Context(), 0); !errors.Is(err, errEnd) || n.largest < 5 {
		t.Errorf("%v, commits have %d profiles", err, n.largest)
	}
	w.check(t, store)
}
