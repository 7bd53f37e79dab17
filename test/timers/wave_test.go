package timers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"muster/pipeline"
	"muster/rules"
	"muster/sink"
	"muster/test/kit/redis"
	"muster/test/kit/ruleset"
)

const (
	profiles = 1_000_000 // due within one second
	live     = 10_000    // other profiles, whose events keep coming
	full     = 1_000_000 // records of a stretch at full speed
	least    = 0.7       // of the throughput before that the wave must leave
	slower   = 3         // times that a live record's 99th percentile may grow
	steady   = 60        // seconds at half of it, before: as long as the wave, so that the collector is at work in both
	room     = 4_000_000 // records that these can be at the most
	slice    = 50_000    // records of a stretch at half of it, during
)

// segments look at what the wave is about and at what the live events bring.
var segments = map[string]string{
	"buyers":   `count(events("Bought", "1d")) > 0`,
	"spenders": `sum(events("Bought", "1d"), .revenue) > 100`,
	"browsers": `count(events("Viewed", "1m")) >= 3`,
	"fans":     `len(uniq(map(events("Viewed", "1m"), .sku))) > 5`,
	"quiet":    `not (count(events("Bought", "1d")) > 0) and count(events("Viewed")) > 100`,
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

// traffic plays events of the live profiles, one every millisecond of stream
// time. Each has one in ten seconds, so that after a minute it keeps as many
// as ever.
type traffic struct {
	*feed
	at time.Time // stream time of the next event
}

// on plays the next events.
func (tr *traffic) on(records int, rate float64) (time.Duration, []time.Duration) {
	from := tr.at
	tr.at = from.Add(time.Duration(records) * time.Millisecond)
	return tr.play(stretch{records: records, rate: rate, value: func(i int) []byte {
		at := from.Add(time.Duration(i) * time.Millisecond)
		return record(fmt.Sprintf("live%d", 7919*at.UnixMilli()%live), "Viewed", at)
	}})
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
	f, overdue, stop := work(b, ruleset.Compile(b, segments), openStore(b, redis.Start(b), 1))
	defer stop()
	order := shuffled(profiles)
	took, _ := f.play(stretch{records: profiles, value: func(i int) []byte {
		return record(fmt.Sprintf("u%d", order[i]), "Bought", began.Add(time.Duration(i)*time.Second/profiles))
	}})
	b.Logf("%d profiles in %.0f s", profiles, took.Seconds())
	crest := began.Add(24 * time.Hour)
	tr := &traffic{feed: f, at: crest.Add(-(2*full + room) * time.Millisecond)}
	tr.on(full, 0) // warms up
	before, _ := tr.on(full, 0)
	rate := full / before.Seconds() / 2
	_, calm := tr.on(min(int(rate*steady), room), rate)
	p99 := quantile(calm, 0.99)

	tr.at = crest.Add(2 * time.Second)
	start := time.Now()
	during, _ := tr.on(full, 0)
	b.Logf("%.0f events a second before, %.0f during; p99 before %s", full/before.Seconds(), full/during.Seconds(), p99)
	var waits []time.Duration
	for overdue.Load() > 0 {
		_, more := tr.on(slice, rate)
		waits = append(waits, more...)
	}
	slices.Sort(waits)
	slow := quantile(waits, 0.99)
	b.Logf("p99 during %s, over %d events", slow, len(waits))
	drained := time.Since(start)
	report(b, before.Seconds()/during.Seconds(), float64(slow)/float64(p99), drained)
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
		Config: pipeline.Default(), Rules: pipeline.NewLive(set), Store: store, Dead: refuse{}, Topic: "events",
		Owner: func(string) int { return 0 }, Wall: func() int64 { return 0 },
		Open: func(context.Context, int, int64, pipeline.Anchor) (pipeline.Source, error) { return f, nil },
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
