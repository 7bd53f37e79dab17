package sink_test

import (
	"regexp"
	"strconv"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"

	"muster/pipeline"
	"muster/test/kit/redis"
)

// reachOf commits that a profile of its own was active on a day.
func reachOf(t *testing.T, w *worker, day int64) {
	t.Helper()
	c := w.next()
	c.Reach = []pipeline.Reach{{Segment: "vip", Profile: c.Profiles[0].Profile, Day: day}}
	if err := w.commit(t, c); err != nil {
		t.Fatal(err)
	}
}

// told returns how often Redis was told when a key expires.
func told(t *testing.T, c *client.Client) int {
	t.Helper()
	stats, err := c.Info(t.Context(), "commandstats").Result()
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`cmdstat_expireat:calls=(\d+)`).FindStringSubmatch(stats)
	if found == nil {
		return 0
	}
	calls, _ := strconv.Atoi(found[1])
	return calls
}

func TestAKeyOfReachIsToldItsExpiryOnce(t *testing.T) {
	server := redis.Start(t)
	c := server.Client(t)
	cfg := config(server.Address)
	w := start(t, open(t, cfg), 0)
	for range 3 {
		reachOf(t, w, today())
	}
	if got := told(t, c); got != 1 {
		t.Errorf("told %d times for one key", got)
	}
	reachOf(t, w, today()-1)
	if got := told(t, c); got != 2 {
		t.Errorf("told %d times for two keys", got)
	}
	key := "m:hll:{vip}:" + time.Unix(today()*86400, 0).UTC().Format("20060102")
	if got, want := c.ExpireTime(t.Context(), key).Val(), time.Duration(today()+1+int64(cfg.ReachDays))*24*time.Hour; got != want {
		t.Errorf("%s expires at %s, want %s", key, got, want)
	}
}

// Where Redis has lost a key, the next owner of a shard gives it its expiry.
func TestALostKeyOfReachIsToldItsExpiryAgain(t *testing.T) {
	server := redis.Start(t)
	c := server.Client(t)
	w := start(t, open(t, config(server.Address)), 0)
	reachOf(t, w, today())
	key := "m:hll:{vip}:" + time.Unix(today()*86400, 0).UTC().Format("20060102")
	if err := c.Del(t.Context(), key).Err(); err != nil {
		t.Fatal(err)
	}
	if err := w.open(t); err != nil {
		t.Fatal(err)
	}
	reachOf(t, w, today())
	if got := c.TTL(t.Context(), key).Val(); got <= 0 {
		t.Errorf("%s never expires", key)
	}
}

// An attempt that fails may be that of a server whose replica knows less.
func TestAKeyOfReachIsToldItsExpiryAgainAfterAFailure(t *testing.T) {
	server := redis.Start(t)
	c := server.Client(t)
	cfg := config(server.Address)
	cfg.ReadTimeout = 200 * time.Millisecond
	failed := 0
	cfg.Observer.Retried = func(string, error) {
		failed++
		if err := c.ClientUnpause(t.Context()).Err(); err != nil {
			t.Error(err)
		}
	}
	w := start(t, open(t, cfg), 0)
	reachOf(t, w, today())
	if err := c.Do(t.Context(), "client", "pause", time.Minute.Milliseconds(), "write").Err(); err != nil {
		t.Fatal(err)
	}
	before := told(t, c)
	reachOf(t, w, today())
	if got := told(t, c) - before; failed == 0 || got == 0 {
		t.Errorf("told %d times after %d failures", got, failed)
	}
}

func TestActivityFromBeforeReachIsNotKept(t *testing.T) {
	server := redis.Start(t)
	c := server.Client(t)
	cfg := config(server.Address)
	w := start(t, open(t, cfg), 0)
	old := today() - int64(cfg.ReachDays) - 1
	for range 2 {
		reachOf(t, w, old)
		if keys := c.Keys(t.Context(), "m:hll:*").Val(); len(keys) != 0 {
			t.Fatalf("there is %q", keys)
		}
	}
}
