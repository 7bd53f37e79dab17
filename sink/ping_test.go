package sink_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"muster/pipeline"
	"muster/sink"
	"muster/test/kit/redis"
)

func ping(t *testing.T, store *sink.Store) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return store.Ping(ctx)
}

func TestPingTellsWhetherRedisIsThere(t *testing.T) {
	server := redis.Start(t, "appendonly yes")
	store := connect(t, config(server.Address))
	expect := func(when string, there bool) {
		t.Helper()
		if err := ping(t, store); (err == nil) != there {
			t.Errorf("%s it says %v", when, err)
		}
	}
	expect("before init", true)
	if err := store.Init(t.Context(), shards); err != nil {
		t.Fatal(err)
	}
	start(t, store, 0)
	expect("with a shard", true)
	server.Kill(t)
	expect("without a server", false)
	server.Restart(t)
	expect("with the server back", true)
	if err := server.Client(t).Set(t.Context(), "m:{s0}:meta", "foreign", 0).Err(); err != nil {
		t.Fatal(err)
	}
	expect("with a foreign key", true)
}

// A shard whose node is away must be noticed although all others answer.
func TestPingAsksForEveryShard(t *testing.T) {
	needCluster(t)
	cluster := redis.StartCluster(t, 3, 0, "cluster-require-full-coverage no")
	store := open(t, config(cluster.Addresses...))
	for shard := range shards {
		start(t, store, shard)
	}
	if err := ping(t, store); err != nil {
		t.Fatal(err)
	}
	c := cluster.Client(t)
	for _, node := range cluster.Nodes {
		if owner, err := c.MasterForKey(t.Context(), "m:cluster"); err != nil {
			t.Fatal(err)
		} else if owner.Options().Addr != node.Address {
			node.Kill(t)
			break
		}
	}
	if err := ping(t, store); err == nil || !strings.Contains(err.Error(), "asking for m:{s") {
		t.Errorf("with a node away it says %v", err)
	}
}

// What somebody else wrote where a profile should be is an error that names
// the key, and passes when it is mended.
func TestAForeignTypeAtProfilesIsNamed(t *testing.T) {
	server := redis.Start(t)
	w := start(t, open(t, config(server.Address)), 0)
	w.step(t)
	c := server.Client(t)
	buckets, err := c.Keys(t.Context(), "m:{s0}:p:*").Result()
	if err != nil || len(buckets) != 1 {
		t.Fatalf("%q, %v", buckets, err)
	}
	if err := c.Rename(t.Context(), buckets[0], "aside").Err(); err != nil {
		t.Fatal(err)
	}
	if err := c.Set(t.Context(), buckets[0], "foreign", 0).Err(); err != nil {
		t.Fatal(err)
	}
	_, err = w.store.Load(t.Context(), 0, []string{"p1"})
	if err == nil || errors.Is(err, pipeline.ErrFenced) {
		t.Fatalf("load returned %v", err)
	}
	for _, word := range []string{buckets[0], "another program", "WRONGTYPE"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the error does not mention %s: %v", word, err)
		}
	}
	if err := c.Rename(t.Context(), "aside", buckets[0]).Err(); err != nil {
		t.Fatal(err)
	}
	if blobs, err := w.store.Load(t.Context(), 0, []string{"p1"}); err != nil || blobs[0] != "p1" {
		t.Errorf("after mending it is %q, %v", blobs, err)
	}
}
