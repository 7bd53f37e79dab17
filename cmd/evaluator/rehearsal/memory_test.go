package rehearsal

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	client "github.com/redis/go-redis/v9"

	"muster/pipeline"
	"muster/sink"
	"muster/test/kit/redis"
)

// TestMemoryIsWhatRedisTakes stores profiles, timers and memberships in a real Redis
// and holds the formula to what it says they take.
func TestMemoryIsWhatRedisTakes(t *testing.T) {
	server := redis.Start(t)
	cfg := sink.Default()
	cfg.Addresses, cfg.Buckets = []string{server.Address}, 16
	store, err := sink.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.Init(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	state, err := store.Open(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	redisClient := server.Client(t)
	before := usedMemory(t, redisClient)
	archive, r := newArchive(), rand.New(rand.NewPCG(3, 5))
	c := &pipeline.Commit{Epoch: state.Epoch, From: state.Next}
	for n := range 40 {
		c.Next, c.Profiles, c.Changes = int64(n+1), nil, nil
		for i := range 500 {
			c.Profiles = append(c.Profiles, randomWrite(r, n*500+i))
			for _, segment := range r.Perm(40)[:r.IntN(9)] {
				c.Changes = append(c.Changes, pipeline.Change{Segment: fmt.Sprintf("s%d", segment), Profile: c.Profiles[i].Profile, Entered: true, At: 1.7e12, Version: 1, Cause: pipeline.CauseEvent})
			}
		}
		if err := store.Commit(t.Context(), 0, c); err != nil {
			t.Fatal(err)
		}
		archive.keep(c)
		c.From, c.Outbox = c.Next, c.Outbox+int64(len(c.Changes))
	}
	m := archive.memory()
	outbox := taken(t, redisClient, "m:{s0}:out")
	if change := outbox / float64(c.Outbox); change > outboxChange {
		t.Errorf("a change in the outbox takes %.0f bytes, more than the %d it is planned with", change, outboxChange)
	}
	near(t, "all", m.total(), usedMemory(t, redisClient)-before)
	near(t, "profiles", m.profiles, taken(t, redisClient, "m:{s0}:p:*")+taken(t, redisClient, "m:{s0}:t:*"))
	near(t, "timers", m.timers, taken(t, redisClient, "m:{s0}:timers"))
	near(t, "memberships", m.memberships, taken(t, redisClient, "m:{s0}:seg:*"))
}

// randomWrite makes a profile of 100 to 3,000 bytes, and four of five have a tail
// of 100 to 1,500. Two of three have a timer.
func randomWrite(r *rand.Rand, number int) pipeline.Write {
	w := pipeline.Write{Profile: fmt.Sprintf("customer-%08d", number), Blob: make([]byte, 100+int(2900*r.Float64()*r.Float64()))}
	if r.IntN(3) > 0 {
		w.Deadline, w.Timer = 1+r.Int64N(1e12), true
	}
	if r.IntN(5) > 0 {
		w.Tail, w.TailChanged = make([]byte, 100+r.IntN(1400)), true
	}
	return w
}

func near(t *testing.T, what string, estimated, taken float64) {
	t.Helper()
	t.Logf("%s take %.0f bytes, estimated are %.0f: %+.1f %%", what, taken, estimated, 100*(estimated/taken-1))
	if math.Abs(estimated/taken-1) > 0.15 {
		t.Errorf("%s take %.0f bytes, estimated are %.0f: more than 15 %% off", what, taken, estimated)
	}
}

// taken deletes keys and returns the memory that this gives back.
func taken(t *testing.T, c *client.Client, pattern string) float64 {
	t.Helper()
	keys, err := c.Keys(t.Context(), pattern).Result()
	if err != nil {
		t.Fatal(err)
	}
	before := usedMemory(t, c)
	if n, err := c.Del(t.Context(), keys...).Result(); err != nil || n == 0 {
		t.Fatalf("deleting %s: %d keys, %v", pattern, n, err)
	}
	return before - usedMemory(t, c)
}

func usedMemory(t *testing.T, c *client.Client) float64 {
	t.Helper()
	info, err := c.InfoMap(t.Context(), "memory").Result()
	if err != nil {
		t.Fatal(err)
	}
	var n float64
	if _, err := fmt.Sscan(info["Memory"]["used_memory"], &n); err != nil {
		t.Fatalf("reading used_memory: %v", err)
	}
	return n
}
