package e2e

import (
	"fmt"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"muster/test/e2e/stack"
	"muster/test/e2e/traffic"
)

// BenchmarkRestart tells how long an evaluator takes from its start until all
// shards have applied what came while it was away, after it was asked to leave
// and after it was killed, with a million profiles that have a deadline each,
// which is all that is read of every profile. The session timeout is longer
// than anything here takes.
func BenchmarkRestart(b *testing.B) {
	const profiles = 1_000_000
	tr := traffic.New(23, 80, 8)
	s := stack.Start(b, stack.Options{Shards: shards, Sources: sources, Segments: tr.Segments(), Session: 4 * stack.Patience})
	s.Init()
	e := s.Run()
	s.Produce(tr.Touch(s)...)
	s.AwaitSettled(stack.Patience)
	setDeadlines(b, s, profiles)
	for _, way := range []struct {
		name string
		end  func()
	}{{"after SIGTERM", func() { e.Terminate() }}, {"after kill -9", e.Kill}} {
		b.Run(way.name, func(b *testing.B) {
			var took time.Duration
			for range b.N {
				way.end()
				s.Produce(tr.Touch(s)...)
				began := time.Now()
				e.Again()
				s.AwaitSettled(stack.Patience)
				took += time.Since(began)
			}
			b.ReportMetric(took.Seconds()/float64(b.N), "s/restart")
		})
	}
}

// setDeadlines gives so many profiles a deadline in a far future, spread over
// the shards.
func setDeadlines(b *testing.B, s *stack.System, profiles int) {
	b.Helper()
	const page = 10_000
	for shard := range shards {
		for first := 0; first < profiles/shards; first += page {
			var members []goredis.Z
			for i := first; i < min(first+page, profiles/shards); i++ {
				members = append(members, goredis.Z{Score: float64(4e12 + int64(i)), Member: fmt.Sprintf("idle-%d-%d", shard, i)})
			}
			if err := s.Redis.ZAdd(b.Context(), fmt.Sprintf("m:{s%d}:timers", shard), members...).Err(); err != nil {
				b.Fatal(err)
			}
		}
	}
}
