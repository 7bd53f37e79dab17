package timers

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"muster/pipeline"
	"muster/rules"
	"muster/sink"
	"muster/test/redis"
)

const (
	profiles = 1_000_000 // due within one second
	live     = 10_000    // other profiles, whose events keep coming
	full     = 150_000   // records of a stretch at full speed
	least    = 0.7       // of the throughput before that the wave must leave
	slower   = 3         // times that a live record's 99th percentile may grow
	slice    = 5 * time.Second
)

// segments look at what the wave is about and at what the live events bring.
var segments = map[string]string{
	"buyers":   `count(events("Bought", "1d")) > 0`,
	"spenders": `sum(events("Bought", "1d"), .revenue) > 100`,
	"browsers": `count(events("Viewed", "1h")) >= 3`,
	"fans":     `len(uniq(map(events("Viewed", "1h"), .sku))) > 5`,
	"quiet":    `not (count(events("Bought", "1d")) > 0) and count(events("Viewed")) > 100`,
}

func compile(b *testing.B) *rules.Set {
	b.Helper()
	list := make([]rules.Segment, 0, len(segments))
	for id, rule := range segments {
		list = append(list, rules.NewSegment(id, rule))
	}
	set, err := rules.Compile(list)
	if err != nil {
		b.Fatal(err)
	}
	return set
}

func openStore(b *testing.B, server *redis.Server, shards int) *sink.Store {
	b.Helper()
	cfg := sink.Default()
	cfg.Addresses = []string{server.Address}
	store, err := sink.New(b.Context(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close() })
	if err := store.Init(b.Context(), shards); err != nil {
		b.Fatal(err)
	}
	return store
}

// began is the arrival time of the first event.
var began = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func record(user, name string, at time.Time) []byte {
	return fmt.Appendf(nil, `{"type":"track","event":%q,"userId":%q,"receivedAt":%q,"properties":{"revenue":20,"sku":"s%d"}}`,
		name, user, at.Format("2006-01-02T15:04:05.000Z07:00"), at.UnixMilli()%10)
}

// traffic returns events of the live profiles, one every millisecond of
// stream time from an instant on.
func traffic(records int, rate float64, from time.Time) stretch {
	return stretch{records: records, rate: rate, value: func(i int) []byte {
		return record(fmt.Sprintf("live%d", 7919*i%live), "Viewed", from.Add(time.Duration(i)*time.Millisecond))
	}}
}

// BenchmarkWave lets a million profiles of one shard leave a segment within
// the same second while events keep coming, first as fast as they are taken,
// then at half that rate until the wave is served.
//
//	live_ratio       throughput of events during the wave / before
//	p99_ratio        99th percentile of an event's wait at half load, during / before
//	drained_seconds  from the first event after the wave until the last timer
func BenchmarkWave(b *testing.B) {
	for b.Loop() {
		measure(b)
	}
}

func measure(b *testing.B) {
	f, overdue, stop := work(b, compile(b), openStore(b, redis.Start(b), 1))
	defer stop()
	order := shuffled(profiles)
	took, _ := f.play(stretch{records: profiles, value: func(i int) []byte {
		return record(fmt.Sprintf("u%d", order[i]), "Bought", began.Add(time.Duration(i)*time.Second/profiles))
	}})
	b.Logf("%d profiles in %.0f s", profiles, took.Seconds())
	crest := began.Add(24 * time.Hour)

	f.play(traffic(full, 0, crest.Add(-10*time.Minute))) // warms up
	before, _ := f.play(traffic(full, 0, crest.Add(-7*time.Minute)))
	rate := full / before.Seconds() / 2
	paced := int(rate * slice.Seconds())
	_, waits := f.play(traffic(paced, rate, crest.Add(-4*time.Minute)))
	p99 := quantile(waits, 0.99)

	start, from := time.Now(), crest.Add(2*time.Second)
	during, _ := f.play(traffic(full, 0, from))
	b.Logf("%.0f events a second before, %.0f during, %d timers left", full/before.Seconds(), full/during.Seconds(), overdue.Load())
	var most time.Duration
	for from = from.Add(full * time.Millisecond); overdue.Load() > 0; from = from.Add(time.Duration(paced) * time.Millisecond) {
		_, waits = f.play(traffic(paced, rate, from))
		most = max(most, quantile(waits, 0.99))
		b.Logf("p99 %s, before %s, %d timers left", most, p99, overdue.Load())
	}
	drained := time.Since(start)
	report(b, before.Seconds()/during.Seconds(), float64(most)/float64(p99), drained)
}

// report demands what users may count on.
func report(b *testing.B, ratio, slowed float64, drained time.Duration) {
	b.ReportMetric(ratio, "live_ratio")
	b.ReportMetric(slowed, "p99_ratio")
	b.ReportMetric(drained.Seconds(), "drained_seconds")
	b.ReportMetric(profiles, "profiles")
	if ratio < least {
		b.Errorf("live throughput during the wave is %.2f of that before, want %.2f", ratio, least)
	}
	if slowed > slower {
		b.Errorf("p99 during the wave is %.1f times that before, want at most %d", slowed, slower)
	}
}

func quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[int(q*float64(len(sorted)-1))]
}

// work runs a worker of one shard over a feed. overdue is the number of
// timers that are due and not served.
func work(b *testing.B, set *rules.Set, store *sink.Store) (f *feed, overdue *atomic.Int64, stop func()) {
	b.Helper()
	f, overdue = newFeed(), &atomic.Int64{}
	w := &pipeline.Worker{
		Config: pipeline.DefaultConfig(), Rules: pipeline.NewLive(set), Store: store, Dead: refuse{}, Topic: "events",
		Owner: func(string) int { return 0 }, Wall: func() int64 { return 0 },
		Open: func(context.Context, int, int64) (pipeline.Source, error) { return f, nil },
		Observer: pipeline.Observer{Committed: func(_ int, s pipeline.BatchStats) {
			overdue.Store(int64(s.Overdue))
			f.committed(s.Records)
		}},
	}
	w.Config.CacheBytes = 4 << 30
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error)
	go func() { ended <- w.Run(ctx, 0) }()
	return f, overdue, func() {
		cancel()
		if err := <-ended; err != nil {
			b.Errorf("Run: %v", err)
		}
	}
}

// refuse is a DeadLetters that must stay empty.
type refuse struct{}

func (refuse) Write(_ context.Context, letters []pipeline.DeadLetter) error {
	return errors.New("there is a dead letter: " + letters[0].Reason)
}
