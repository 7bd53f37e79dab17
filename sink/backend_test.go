package sink_test

import (
	"context"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	client "github.com/redis/go-redis/v9"

	"muster/pipeline"
	"muster/pipeline/storetest"
	"muster/sink"
	"muster/test/kit/redis"
)

const shards = 16

// config returns a small configuration for a server of a test.
func config(addresses ...string) sink.Config {
	cfg := sink.Default()
	cfg.Addresses = addresses
	cfg.Buckets = 64
	return cfg
}

// open returns an initialised store.
func open(t testing.TB, cfg sink.Config) *sink.Store {
	t.Helper()
	store := connect(t, cfg)
	if err := store.Init(t.Context(), shards); err != nil {
		t.Fatal(err)
	}
	return store
}

func connect(t testing.TB, cfg sink.Config) *sink.Store {
	t.Helper()
	store, err := sink.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func TestStoreOnMiniredis(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Backend {
		server := miniredis.RunT(t)
		c := client.NewClient(&client.Options{Addr: server.Addr(), DisableIdentity: true})
		t.Cleanup(func() { _ = c.Close() })
		return backend(t, config(server.Addr()), c)
	})
}

func TestStoreOnRedis(t *testing.T) {
	server := redis.Start(t)
	c := server.Client(t)
	storetest.Run(t, func(t *testing.T) storetest.Backend {
		if err := c.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		return backend(t, config(server.Address), c)
	})
}

func TestStoreOnRedisCluster(t *testing.T) {
	needCluster(t)
	cluster := redis.StartCluster(t, 3, 0)
	c := cluster.Client(t)
	storetest.Run(t, func(t *testing.T) storetest.Backend {
		err := c.ForEachMaster(t.Context(), func(ctx context.Context, node *client.Client) error {
			return node.FlushAll(ctx).Err()
		})
		if err != nil {
			t.Fatal(err)
		}
		return backend(t, config(cluster.Addresses...), c)
	})
}

func needCluster(t *testing.T) {
	t.Helper()
	if os.Getenv("MUSTER_E2E") != "real" {
		t.Skip("starts a Redis Cluster; runs with MUSTER_E2E=real (make e2e)")
	}
}

// backend is a Redis seen by the acceptance suite.
func backend(t *testing.T, cfg sink.Config, c client.UniversalClient) storetest.Backend {
	store := open(t, cfg)
	return storetest.Backend{
		Open: func(t *testing.T) pipeline.Store { return connect(t, cfg) },
		View: func(t *testing.T, shard int) storetest.View { return view(t, store, c, shard) },
		Dump: func(t *testing.T) any { return redis.Dump(t, c) },
		Reach: func(t *testing.T, segment string, day int64) int64 {
			counts, err := store.DailyReach(t.Context(), segment, day, day)
			if err != nil {
				t.Fatal(err)
			}
			return counts[0]
		},
	}
}

// view reads one shard with plain Redis commands, as the documented keys
// promise, and the outbox through the store.
func view(t *testing.T, store *sink.Store, c client.UniversalClient, shard int) storetest.View {
	t.Helper()
	v := storetest.View{Sizes: map[string]int64{}, Members: map[string][]string{}, Erasing: map[string]string{}}
	left, err := store.Erasing(t.Context(), shard)
	if err != nil {
		t.Fatal(err)
	}
	for name, e := range left {
		v.Erasing[name] = e.Request
	}
	base := "m:{s" + itoa(shard) + "}:"
	for segment := range c.HGetAll(t.Context(), base+"size").Val() {
		size, err := c.HGet(t.Context(), base+"size", segment).Int64()
		if err != nil {
			t.Fatal(err)
		}
		v.Sizes[segment] = size
	}
	for key := range redis.Dump(t, c) {
		if segment, found := strings.CutPrefix(key, base+"seg:"); found {
			v.Members[segment] = slices.Sorted(maps.Keys(c.SMembersMap(t.Context(), key).Val()))
		}
	}
	for _, entry := range outbox(t, store, shard) {
		v.Outbox = append(v.Outbox, entry.Change)
	}
	return v
}

// outbox reads a shard's whole outbox in pages.
func outbox(t *testing.T, store *sink.Store, shard int) []sink.Entry {
	t.Helper()
	var all []sink.Entry
	after := ""
	for {
		page, err := store.Outbox(t.Context(), shard, after, 777)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
		after = page[len(page)-1].ID
	}
}
