package sink_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"muster/pipeline"
	"muster/sink"
	"muster/test/kit/redis"
)

// A failover loses what was not replicated yet. The stored offset goes back
// with the state, so applying again from there must leave every change once,
// and in order.
func TestAFailoverLosesAndRepeatsNothing(t *testing.T) {
	needCluster(t)
	cluster := redis.StartCluster(t, 3, 1)
	cfg := config(cluster.Addresses...)
	cfg.RetryFor = 5 * time.Minute // however long a busy machine needs for the failover
	retried := make(chan struct{}, 1)
	cfg.Observer.Retried = func(string, error) {
		select {
		case retried <- struct{}{}:
		default:
		}
	}
	store := open(t, cfg)
	w := start(t, store, 0)
	fenced := 0
	apply := func(commits int64) {
		for w.state.Next < commits {
			err := w.commit(t, w.next())
			if errors.Is(err, pipeline.ErrFenced) {
				fenced++
				before := w.state.Next
				err = w.open(t)
				t.Logf("fenced at offset %d, back at %d", before, w.state.Next)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	apply(500)
	owner, err := cluster.Client(t).MasterForKey(t.Context(), "m:{s0}:meta")
	if err != nil {
		t.Fatal(err)
	}
	// The replica is cut off, so that the next commits are lost.
	for _, command := range [][]any{
		{"acl", "setuser", "default", "-psync", "-sync"}, {"client", "kill", "type", "replica"},
	} {
		if err := owner.Do(t.Context(), command...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	apply(600)
	for _, node := range cluster.Nodes {
		if node.Address == owner.Options().Addr {
			node.Kill(t)
		}
	}
	apply(1000)
	select {
	case <-retried:
	default:
		t.Error("killing the master was not noticed")
	}
	if fenced == 0 {
		t.Error("the owner went on over lost commits")
	}
	landedOnce(t, store, 1000)
}

func landedOnce(t *testing.T, store *sink.Store, commits int) {
	t.Helper()
	entries := outbox(t, store, 0)
	if len(entries) != commits {
		t.Fatalf("%d outbox entries, want %d", len(entries), commits)
	}
	for i, entry := range entries {
		if want := fmt.Sprintf("%d-%d", i+1, i+1); entry.ID != want || entry.Change.Version != uint64(i+1) {
			t.Fatalf("outbox entry %d is %+v, want id %s", i, entry, want)
		}
	}
}
