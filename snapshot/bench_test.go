package snapshot

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"muster/event"
	"muster/profile"
	"muster/test/kit/generate"
	"muster/test/kit/ruleset"
)

// BenchmarkAsk measures one question over profiles of some twenty events, for
// one simple rule and for many at once: ns/profile is what counts.
func BenchmarkAsk(b *testing.B) {
	const profiles = 5000
	many := map[string]string{}
	for i := range 100 {
		many[fmt.Sprint("s", i)] = fmt.Sprintf(`traits.age > %d and traits.plan == "pro"`, i)
	}
	for name, texts := range map[string]map[string]string{"rules=1": {"s": `traits.age > 18 and traits.plan == "pro"`}, "rules=100": many} {
		b.Run(name, func(b *testing.B) {
			s, q := benchmarked(b, profiles), OfDraft(ruleset.Compile(b, texts), false)
			for b.Loop() {
				if _, err := s.Ask(b.Context(), q, 1<<62, func(*Answer) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/profiles, "ns/profile")
		})
	}
}

// benchmarked is a snapshot of profiles that the rules of a test of generate
// keep events of.
func benchmarked(b testing.TB, profiles int) *Snapshot {
	b.Helper()
	r := rand.New(rand.NewPCG(1, 1))
	set := ruleset.Compile(b, generate.Set(r, []string{"a", "b", "c", "d", "e", "f", "g", "h"}))
	codec, names := profile.NewCodec(set.Schema(), set.IDs(), nil)
	cfg, into := profile.Default(), &holder{bound: 1 << 40}
	for i := range profiles {
		p := profile.New(fmt.Sprint("u", i))
		for k := range int64(20) {
			e := generate.Event(r, []string{p.ID}, generate.Start+k)
			if e.Type == event.Alias {
				continue
			}
			p.Apply(set.Schema(), &cfg, &e, e.Arrival, &profile.Changed{})
		}
		into.add(held{hash: orderOf(p.ID), id: p.ID, blob: string(codec.Append(nil, p, p.LastSeen))})
	}
	const later = 100 * 24 * 3600_000
	return &Snapshot{held: into.sorted(), shards: []shard{{clock: generate.Start + later, names: names}}, all: into.all}
}
