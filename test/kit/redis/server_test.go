package redis

import (
	"context"
	"net"
	"os"
	"strings"
	"testing"
)

func TestAnAppendOnlyServerKeepsItsDataOverAKill(t *testing.T) {
	s := Start(t, "appendonly yes", "appendfsync always")
	c := s.Client(t)
	ctx := context.Background()
	if err := c.Set(ctx, "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	s.Kill(t)
	if err := c.Get(ctx, "k").Err(); err == nil {
		t.Fatal("a killed server answers")
	}
	s.Restart(t)
	got, err := c.Get(ctx, "k").Result()
	if err != nil || got != "v" {
		t.Fatalf("after the restart: %q, %v", got, err)
	}
}

func TestNothingListensAfterTheTest(t *testing.T) {
	var address string
	t.Run("inner", func(t *testing.T) { address = Start(t).Address })
	if c, err := net.Dial("tcp", address); err == nil {
		_ = c.Close()
		t.Fatal("the server outlived its test")
	}
}

func TestStopEndsTheServer(t *testing.T) {
	s := Start(t)
	s.Stop(t)
	if c, err := net.Dial("tcp", s.Address); err == nil {
		_ = c.Close()
		t.Fatal("the server is still there")
	}
}

func TestAMissingServerIsNamedWithItsRemedy(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := find()
	if err == nil || !strings.Contains(err.Error(), "apt-get install -y redis-server") {
		t.Fatalf("got %v", err)
	}
}

func TestDumpShowsEveryType(t *testing.T) {
	c := Start(t).Client(t)
	ctx := context.Background()
	for _, command := range [][]any{
		{"set", "string", "a"}, {"hset", "hash", "f", "b"}, {"rpush", "list", "c"},
		{"sadd", "set", "d"}, {"zadd", "zset", 1, "e"}, {"xadd", "stream", "1-1", "f", "g"},
	} {
		if err := c.Do(ctx, command...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	dump := Dump(t, c)
	for key, want := range map[string]string{
		"string": `"a"`, "hash": `"f":"b"`, "list": `"c"`, "set": `"d"`, "zset": `"e"`, "stream": `"f":"g"`,
	} {
		if !strings.Contains(dump[key], want) {
			t.Errorf("%s is shown as %s, without %s", key, dump[key], want)
		}
	}
}

func TestAClusterServesAllSlots(t *testing.T) {
	if os.Getenv("MUSTER_E2E") != "real" {
		t.Skip("starts six redis-server processes; runs with MUSTER_E2E=real (make e2e)")
	}
	c := StartCluster(t, 3, 1).Client(t)
	ctx := context.Background()
	for _, key := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		if err := c.Set(ctx, key, key, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(Dump(t, c)); got != 8 {
		t.Fatalf("%d keys, want 8", got)
	}
}
