package sink_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"muster/sink"
)

func TestCheckNeedsInit(t *testing.T) {
	store := connect(t, config(miniredis.RunT(t).Addr()))
	if err := store.Check(t.Context(), 4); !errors.Is(err, sink.ErrNotInitialised) {
		t.Fatalf("got %v, want ErrNotInitialised", err)
	}
	for range 2 { // init may be repeated
		if err := store.Init(t.Context(), 4); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Check(t.Context(), 4); err != nil {
		t.Fatal(err)
	}
}

func TestAnotherNumberOfShardsIsRefused(t *testing.T) {
	store := connect(t, config(miniredis.RunT(t).Addr()))
	if err := store.Init(t.Context(), 0); err == nil {
		t.Error("a deployment of no shards is accepted")
	}
	if err := store.Init(t.Context(), 4); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"check": store.Check(t.Context(), 8), "init": store.Init(t.Context(), 8),
	} {
		if !errors.Is(err, sink.ErrMismatch) || !strings.Contains(err.Error(), "4 shards") || !strings.Contains(err.Error(), "8 partitions") {
			t.Errorf("%s: got %v, want ErrMismatch with both numbers", name, err)
		}
	}
	if err := store.Check(t.Context(), 4); err != nil {
		t.Errorf("a refused init changed the deployment: %v", err)
	}
}

func TestAnotherShapeIsRefusedWhenConnecting(t *testing.T) {
	for name, test := range map[string]struct{ field, value, says string }{
		"schema":  {"schema", "2", "schema"},
		"buckets": {"buckets", "128", "buckets: 128"},
		"shards":  {"shards", "many", `"many" shards`},
	} {
		t.Run(name, func(t *testing.T) {
			server := miniredis.RunT(t)
			cfg := config(server.Addr())
			open(t, cfg)
			server.HSet("m:cluster", test.field, test.value)
			_, err := sink.New(t.Context(), cfg)
			if !errors.Is(err, sink.ErrMismatch) || !strings.Contains(err.Error(), test.says) {
				t.Fatalf("got %v, want ErrMismatch saying %q", err, test.says)
			}
		})
	}
}

func TestAShardOfAnotherSchemaKeepsItsOwner(t *testing.T) {
	server := miniredis.RunT(t)
	store := open(t, config(server.Addr()))
	start(t, store, 0)
	server.HSet("m:{s0}:meta", "schema", "2")
	epoch := server.HGet("m:{s0}:meta", "epoch")
	if _, err := store.Open(t.Context(), 0); !errors.Is(err, sink.ErrMismatch) {
		t.Fatalf("got %v, want ErrMismatch", err)
	}
	if got := server.HGet("m:{s0}:meta", "epoch"); got != epoch {
		t.Errorf("the epoch was raised from %s to %s", epoch, got)
	}
}

// A shard must not begin anew because Redis has come back empty.
func TestAnEmptiedRedisIsNotANewDeployment(t *testing.T) {
	server := miniredis.RunT(t)
	store := open(t, config(server.Addr()))
	start(t, store, 0).step(t)
	server.FlushAll()
	if _, err := store.Open(t.Context(), 0); !errors.Is(err, sink.ErrNotInitialised) {
		t.Errorf("got %v, want ErrNotInitialised", err)
	}
	if keys := server.Keys(); len(keys) > 0 {
		t.Errorf("opening has made %q", keys)
	}
}

func TestPrefixesKeepDeploymentsApart(t *testing.T) {
	server := miniredis.RunT(t)
	one, two := config(server.Addr()), config(server.Addr())
	two.Prefix = "two"
	first, second := open(t, one), open(t, two)
	start(t, first, 0).step(t)
	landed(t, first, 0, 1)
	landed(t, second, 0, 0)
	for _, key := range server.Keys() {
		if !strings.HasPrefix(key, "m:") && !strings.HasPrefix(key, "two:") {
			t.Errorf("key %q has no prefix", key)
		}
	}
}
