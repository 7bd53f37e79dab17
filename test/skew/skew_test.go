package skew

import (
	"context"
	"errors"
	"slices"
	"testing"

	"muster/pipeline"
	"muster/rules"
	"muster/sink"
	"muster/test/kit/redis"
)

const (
	hot      = 90 // percent of a skewed load that are one profile's
	round    = 10 // batches measured at a time
	rounds   = 11 // of each load, in turns
	warmUp   = 15 // batches of each load before, in which profiles grow to their size
	mostSkew = 2  // times that a skewed load may cost
)

// segments look at much of what the events bring, over windows that fill.
var segments = map[string]string{
	"buyers":   `count(events("Bought", "30d")) > 0`,
	"spenders": `sum(events("Bought", "7d"), .revenue) > 100000`,
	"average":  `mean(map(events("Bought", "1d"), .revenue)) > 25`,
	"browsers": `count(events("Viewed", "1h")) % 2 == 0`,
	"fans":     `len(uniq(map(events("Viewed", "1d"), .sku))) > 5`,
	"recent":   `last(events("Viewed")).event_time > ago("1m")`,
	"regular":  `count(events("Viewed")) > 1000`,
	"rich":     `traits.plan == "pro" and sum(events("Bought"), .revenue) > 1000`,
}

// BenchmarkSkew feeds one shard in turns with events of many profiles, each
// as often as any other, and with events of which most are of one profile.
//
//	skew_ratio       CPU time of a skewed load / of a uniform one, of worker and
//	                 Redis together; the median of pairs that ran one after the other
//	skew_time_ratio  the same of the time they took
//	hot_bytes        what the hot profile takes when stored
func BenchmarkSkew(b *testing.B) {
	for b.Loop() {
		measure(b)
	}
}

func measure(b *testing.B) {
	server := redis.Start(b)
	store := openStore(b, server)
	s := startShard(b, store)
	defer s.stop(b)
	s.play(0, warmUp)
	s.play(hot, warmUp)
	var work, time []float64
	for range rounds {
		from := spent(b, server)
		s.play(0, round)
		even := spent(b, server).since(from)
		from = spent(b, server)
		s.play(hot, round)
		uneven := spent(b, server).since(from)
		work = append(work, uneven.cpu.Seconds()/even.cpu.Seconds())
		time = append(time, uneven.wall.Seconds()/even.wall.Seconds())
		b.Logf("CPU uniform %s, skewed %s", even.cpu, uneven.cpu)
	}
	blob, err := store.Profile(b.Context(), 0, hotProfile)
	if err != nil {
		b.Fatal(err)
	}
	ratio := median(work)
	b.ReportMetric(ratio, "skew_ratio")
	b.ReportMetric(median(time), "skew_time_ratio")
	b.ReportMetric(float64(len(blob)), "hot_bytes")
	if ratio > mostSkew {
		b.Errorf("a skewed load costs %.2f times a uniform one, want at most %d", ratio, mostSkew)
	}
}

func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}

func openStore(b *testing.B, server *redis.Server) *sink.Store {
	b.Helper()
	cfg := sink.Default()
	cfg.Addresses = []string{server.Address}
	store, err := sink.New(b.Context(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close() })
	if err := store.Init(b.Context(), 1); err != nil {
		b.Fatal(err)
	}
	return store
}

// shard is a worker of one shard and what feeds it.
type shard struct {
	*source
	cancel context.CancelFunc
	ended  chan error
}

func startShard(b *testing.B, store *sink.Store) *shard {
	b.Helper()
	var list []rules.Segment
	for id, rule := range segments {
		list = append(list, rules.NewSegment(id, rule))
	}
	set, err := rules.Compile(list)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	s := &shard{source: newSource(), cancel: cancel, ended: make(chan error, 1)}
	w := &pipeline.Worker{
		Config: pipeline.Default(), Rules: pipeline.NewLive(set), Store: store, Dead: refuse{}, Topic: "events",
		Owner: func(string) int { return 0 }, Wall: func() int64 { return 0 },
		Open:     func(context.Context, int, int64, pipeline.Anchor) (pipeline.Source, error) { return s.source, nil },
		Observer: pipeline.Observer{Committed: func(_ int, stats pipeline.BatchStats) { s.committed(stats.Records) }},
	}
	go func() { s.ended <- w.Run(ctx, 0) }()
	return s
}

func (s *shard) stop(b *testing.B) {
	b.Helper()
	s.cancel()
	if err := <-s.ended; err != nil {
		b.Errorf("Run: %v", err)
	}
}

// refuse is a DeadLetters that must stay empty.
type refuse struct{}

func (refuse) Write(_ context.Context, letters []pipeline.DeadLetter) error {
	return errors.New("there is a dead letter: " + letters[0].Reason)
}
