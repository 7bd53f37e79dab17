package sink_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"

	"muster/pipeline"
	"muster/test/kit/redis"
)

// What a batch of events comes to when the whole way is measured (package
// test/load, hot, without segments and with 10,000 of them).
const (
	batchEvents   = 1000
	batchProfiles = 600
	batchChanges  = 440
	batchTimers   = 300
	baseBytes     = 1730
	tailBytes     = 1140
	batchTails    = 66 // profiles of which a trait has changed
	benchSegments = 10_000
	benchProfiles = 25_000
)

// BenchmarkCommit commits batches as they come from 1,000 events: of
// profiles alone, with changes, with changes that a chronicle keeps, and with
// changes and a trail; those that enter add to reach.
// Besides this process's own it reports the CPU time of Redis.
func BenchmarkCommit(b *testing.B) {
	for name, changes := range map[string]int{"profiles": 0, "changes": batchChanges, "chronicle": batchChanges, "changes without flows": batchChanges, "trail": batchChanges} {
		b.Run(name, func(b *testing.B) {
			server := redis.Start(b)
			cfg := config(server.Address)
			cfg.Buckets = 4096
			if name == "chronicle" {
				cfg.ChronicleKeep = 24 * time.Hour
			}
			if name == "trail" {
				cfg.TrailMax = 5000
			}
			if strings.Contains(name, "without") {
				cfg.HourlyFlowDays, cfg.DailyFlowDays = 0, 0
			}
			w := start(b, open(b, cfg), 0)
			drawn := draw(changes)
			info := server.Client(b)
			before := cpuOf(b, info)
			b.ReportAllocs()
			commits := 0
			for b.Loop() {
				c := drawn[commits%len(drawn)]
				c.Epoch, c.From, c.Next, c.Outbox = w.state.Epoch, w.state.Next, max(w.state.Next, 0)+batchEvents, w.state.Outbox
				if err := w.commit(b, c); err != nil {
					b.Fatal(err)
				}
				commits++
			}
			events := float64(commits * batchEvents)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/events, "ns/event")
			b.ReportMetric(float64((cpuOf(b, info)-before).Nanoseconds())/events, "redis-ns/event")
			if err := w.open(b); err != nil || w.state.Next != int64(commits*batchEvents) || w.state.Outbox != int64(commits*changes) {
				b.Fatalf("next %d and outbox %d after %d commits, %v", w.state.Next, w.state.Outbox, commits, err)
			}
		})
	}
}

// BenchmarkLoad loads the profiles of a batch of which none is in memory.
func BenchmarkLoad(b *testing.B) {
	cfg := config(redis.Start(b).Address)
	cfg.Buckets = 4096
	store := open(b, cfg)
	w := start(b, store, 0)
	c := draw(0)[0]
	for i := range c.Profiles {
		c.Profiles[i].TailChanged = true
	}
	c.Epoch, c.From, c.Next = w.state.Epoch, w.state.Next, batchEvents
	if err := w.commit(b, c); err != nil {
		b.Fatal(err)
	}
	var ids []string
	for _, write := range c.Profiles {
		ids = append(ids, write.Profile)
	}
	b.ReportAllocs()
	for b.Loop() {
		blobs, err := store.Load(b.Context(), 0, ids)
		if err != nil || len(blobs) != len(ids) || len(blobs[0]) != baseBytes+tailBytes {
			b.Fatalf("loaded %d profiles, %v", len(blobs), err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(ids)), "ns/profile")
}

// draw returns commits that take turns. The second half takes back what the
// first half changes.
func draw(changes int) []*pipeline.Commit {
	r := rand.New(rand.NewPCG(1, 2))
	base, tail := bytes.Repeat([]byte("x"), baseBytes), bytes.Repeat([]byte("y"), tailBytes)
	copy(base, "\x03\xf4\x08") // the format, and how long the tail is
	const half = 32
	var drawn []*pipeline.Commit
	for i := range half {
		c := &pipeline.Commit{Rules: "rules", Generation: 1}
		for j, number := range r.Perm(benchProfiles)[:batchProfiles] {
			c.Profiles = append(c.Profiles, pipeline.Write{
				Profile: fmt.Sprintf("customer-%08d", number), Deadline: int64(i*j + 1), Timer: j < batchTimers,
				Blob: base, Tail: tail, TailChanged: j%(batchProfiles/batchTails) == 0,
			})
		}
		for j := range changes {
			segment, id := fmt.Sprintf("segment-%05d", r.IntN(benchSegments)), c.Profiles[j].Profile
			c.Changes = append(c.Changes, pipeline.Change{
				Segment: segment, Profile: id, Entered: true, At: time.Now().UnixMilli(), Version: 12, Cause: pipeline.CauseEvent,
			})
			c.Reach = append(c.Reach, pipeline.Reach{Segment: segment, Profile: id, Day: today()})
		}
		drawn = append(drawn, c)
	}
	for _, c := range drawn[:half] {
		back := *c
		back.Changes, back.Reach = slices.Clone(c.Changes), nil
		for i := range back.Changes {
			back.Changes[i].Entered = false
		}
		drawn = append(drawn, &back)
	}
	return drawn
}

func today() int64 { return time.Now().Unix() / 86400 }

// cpuOf returns the CPU time that a server has taken.
func cpuOf(b *testing.B, c *client.Client) time.Duration {
	b.Helper()
	text, err := c.Info(b.Context(), "cpu").Result()
	if err != nil {
		b.Fatal(err)
	}
	var sum float64
	for line := range strings.Lines(text) {
		field, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if field == "used_cpu_user" || field == "used_cpu_sys" {
			seconds, err := strconv.ParseFloat(value, 64)
			if err != nil {
				b.Fatal(err)
			}
			sum += seconds
		}
	}
	return time.Duration(sum * float64(time.Second))
}
