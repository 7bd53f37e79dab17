package load

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"

	"muster/test/kit/redis"
)

// keeper is a redis-server whose contents can be saved and put back.
type keeper struct {
	t      testing.TB
	shards int
	server *redis.Server
	client *client.Client
	folder string // of the server
	saved  string // folder of what was saved
}

func startRedis(t testing.TB, shards int, directives ...string) *keeper {
	t.Helper()
	directives = append([]string{"rdbcompression no", "rdbchecksum no"}, directives...)
	k := &keeper{t: t, shards: shards, saved: t.TempDir(), server: redis.Start(t, directives...)}
	k.client = k.server.Client(t)
	settings, err := k.client.ConfigGet(t.Context(), "dir").Result()
	if err != nil {
		t.Fatalf("asking Redis: %v", err)
	}
	k.folder = settings["dir"]
	return k
}

// restart starts the server anew, empty.
func (k *keeper) restart() {
	k.t.Helper()
	k.server.Kill(k.t)
	for _, kept := range []string{"dump.rdb", "appendonlydir"} {
		if err := os.RemoveAll(filepath.Join(k.folder, kept)); err != nil {
			k.t.Fatal(err)
		}
	}
	k.server.Restart(k.t)
}

// save keeps the contents under a name.
func (k *keeper) save(name string) {
	k.t.Helper()
	slow := client.NewClient(&client.Options{Addr: k.server.Address, ReadTimeout: patience, MaxRetries: -1})
	defer slow.Close()
	if err := slow.Save(k.t.Context()).Err(); err != nil {
		k.t.Fatalf("saving Redis: %v", err)
	}
	k.copy(filepath.Join(k.folder, "dump.rdb"), filepath.Join(k.saved, name))
}

// restore starts the server anew with what was saved.
func (k *keeper) restore(name string) {
	k.t.Helper()
	k.server.Kill(k.t)
	k.copy(filepath.Join(k.saved, name), filepath.Join(k.folder, "dump.rdb"))
	k.server.Restart(k.t)
}

func (k *keeper) copy(from, to string) {
	k.t.Helper()
	source, err := os.Open(from)
	if err != nil {
		k.t.Fatal(err)
	}
	defer source.Close()
	target, err := os.Create(to)
	if err != nil {
		k.t.Fatal(err)
	}
	if _, err := io.Copy(target, source); err != nil {
		k.t.Fatal(err)
	}
	if err := target.Close(); err != nil {
		k.t.Fatal(err)
	}
}

// applied returns the next offset of every shard, 0 for one that has applied
// nothing yet.
func (k *keeper) applied() ([]int64, error) {
	next := make([]int64, k.shards)
	pipe := k.client.Pipeline()
	asked := make([]*client.StringCmd, k.shards)
	for shard := range asked {
		asked[shard] = pipe.HGet(k.t.Context(), fmt.Sprintf("m:{s%d}:meta", shard), "next")
	}
	if _, err := pipe.Exec(k.t.Context()); err != nil && !errors.Is(err, client.Nil) {
		return next, fmt.Errorf("reading offsets: %w", err)
	}
	for shard, cmd := range asked {
		var err error
		if next[shard], err = cmd.Int64(); err != nil && !errors.Is(err, client.Nil) {
			return next, fmt.Errorf("reading offsets: %w", err)
		}
	}
	return next, nil
}

// spent returns the CPU time that the server has used, and the bytes that
// went to it and back.
func (k *keeper) spent() (cpu time.Duration, bytes float64) {
	k.t.Helper()
	text, err := k.client.Info(k.t.Context(), "cpu", "stats").Result()
	if err != nil {
		k.t.Fatalf("asking Redis: %v", err)
	}
	values := map[string]float64{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if f, err := strconv.ParseFloat(value, 64); err == nil {
			values[name] = f
		}
	}
	seconds := values["used_cpu_user"] + values["used_cpu_sys"]
	return time.Duration(seconds * float64(time.Second)), values["total_net_input_bytes"] + values["total_net_output_bytes"]
}
