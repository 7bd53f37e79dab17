//go:build !spoil && !race

package pipeline_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"testing"
	"time"

	"muster/event"
	"muster/pipeline"
	"muster/test/kit/ruleset"
	"muster/test/kit/workload"
)

// shelf keeps profiles as a Store does, in memory that it uses again.
type shelf map[string][]byte

// Load implements pipeline.Port.
func (s shelf) Load(_ context.Context, profiles []string) ([]string, error) {
	blobs := make([]string, len(profiles))
	for i, id := range profiles {
		blobs[i] = string(s[id])
	}
	return blobs, nil
}

// Commit implements pipeline.Port.
func (s shelf) Commit(_ context.Context, c *pipeline.Commit) error {
	for i := range c.Profiles {
		w := &c.Profiles[i]
		if blob, known := s[w.Profile]; known {
			s[w.Profile] = append(append(blob[:0], w.Blob...), w.Tail...)
		} else {
			s[string([]byte(w.Profile))] = append(append(make([]byte, 0, 2*(len(w.Blob)+len(w.Tail))), w.Blob...), w.Tail...)
		}
	}
	return nil
}

// way is the way of a record between Kafka and Redis: decoding and a Driver,
// with the events of test/load, a millisecond apart.
type way struct {
	profiles   int
	even       bool // whether all profiles act as often
	driver     *pipeline.Driver
	decoder    *event.Decoder
	attributes []*workload.Attribute
	r          *rand.Rand
	ranks      *rand.Zipf
	at         int64
	feed       pipeline.Feed
}

// newWay begins with profiles that have all traits and ten events each.
// cacheBytes 0 keeps all of them in memory.
func newWay(tb testing.TB, segments, profiles, cacheBytes int) *way {
	tb.Helper()
	generator, texts := workload.NewNarrowRuleGenerator(workload.Customers(), 42), map[string]string{}
	for i := range segments {
		texts[fmt.Sprintf("s-%06d", i)] = generator.Rule().Text(workload.Muster)
	}
	cfg := pipeline.Default()
	cfg.CacheBytes = cacheBytes
	decoder, err := event.NewDecoder(cfg.Events)
	if err != nil {
		tb.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, uint64(profiles)))
	w := &way{
		profiles: profiles, even: cacheBytes > 0, decoder: decoder, attributes: workload.Customers(), r: r,
		ranks: rand.NewZipf(r, 1.1, 10, uint64(profiles-1)), at: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC).UnixMilli(),
		driver: pipeline.NewDriver(ruleset.Compile(tb, texts), cfg, pipeline.State{Next: -1}, shelf{}),
	}
	var births [][]byte
	for i := range profiles {
		if births = append(births, w.birth(i)); len(births) == 500 || i+1 == profiles {
			w.serve(tb, births)
			births = births[:0]
		}
	}
	return w
}

// serve takes records all the way to their commit.
func (w *way) serve(tb testing.TB, records [][]byte) {
	tb.Helper()
	w.decoder.Reset()
	f := &w.feed
	f.Events, f.Records, f.Offsets = f.Events[:0], f.Records[:0], f.Offsets[:0]
	var rejected []event.Rejection
	for i, record := range records {
		f.Events, rejected = w.decoder.Decode(f.Events, rejected, record, w.at, w.at)
		for len(f.Records) < len(f.Events) {
			f.Records = append(f.Records, i)
		}
		f.Offsets = append(f.Offsets, f.Next)
		f.Next++
	}
	if len(rejected) > 0 {
		tb.Fatal(rejected[0].Reason)
	}
	if err := w.driver.Serve(tb.Context(), f); err != nil {
		tb.Fatal(err)
	}
}

// batch draws records: of a hundred 5 set two traits, 65 are of a behaviour and
// 30 are views of pages that no rule asks for.
func (w *way) batch(n int) [][]byte {
	var records [][]byte
	for range n {
		profile := int(w.ranks.Uint64())
		if w.even {
			profile = w.r.IntN(w.profiles)
		}
		b := fmt.Appendf(nil, `{"messageId":"%x",`, w.r.Uint64())
		switch k := w.r.IntN(100); {
		case k < 5:
			first := w.r.IntN(workload.Traits - 1)
			b = w.identify(b, w.attributes[first], w.attributes[first+1])
		case k < 70:
			b = w.track(b, workload.Behaviours[w.r.IntN(len(workload.Behaviours))])
		default:
			b = append(b, `"type":"page","name":"Landing","properties":{"path":"/shop/spring/shoes"}`...)
		}
		w.at++
		records = append(records, w.end(b, profile))
	}
	return records
}

func (w *way) birth(profile int) []byte {
	b := w.end(w.identify([]byte(`{"batch":[{`), w.attributes[:workload.Traits]...), profile)
	for _, name := range workload.Behaviours {
		for range workload.Done(w.r) {
			w.at++
			b = w.end(w.track(append(b, `,{`...), name), profile)
		}
	}
	return append(b, `]}`...)
}

func (w *way) identify(b []byte, attributes ...*workload.Attribute) []byte {
	b = append(b, `"type":"identify","traits":{`...)
	for i, a := range attributes {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(strconv.AppendQuote(b, a.Name), ':')
		switch v := a.Draw(w.r); v.Kind() {
		case event.KindNumber:
			b = strconv.AppendFloat(b, v.Number(), 'f', -1, 64)
		case event.KindBool:
			b = strconv.AppendBool(b, v.True())
		default:
			b = strconv.AppendQuote(b, v.Text())
		}
	}
	return append(b, '}')
}

func (w *way) track(b []byte, name string) []byte {
	return fmt.Appendf(b, `"type":"track","event":%q,"properties":{"sku":"s-%d","currency":"EUR","value":%g}`, name, w.r.IntN(5000), workload.Worth(w.r))
}

func (w *way) end(b []byte, profile int) []byte {
	at := time.UnixMilli(w.at).UTC().Format("2006-01-02T15:04:05.000Z07:00")
	return fmt.Appendf(b, `,"userId":"customer-%08d","timestamp":%q,"receivedAt":%q,"context":{"ip":"203.0.113.7","locale":"de-DE"}}`, profile, at, at)
}

// populations are profiles that all stay in memory, and profiles that have to
// be loaded for nearly every event.
var populations = []struct {
	name                       string
	profiles, cacheBytes, warm int
	most                       float64 // allocations an event
}{
	{"hot", 2000, 0, 40, 1},
	{"cold", 4000, 8 << 20, 4, 4},
}

// BenchmarkWay takes batches of 1,000 records from their text to the blobs of
// their commit. What it reports is for one event.
func BenchmarkWay(b *testing.B) {
	for _, of := range populations {
		b.Run(of.name, func(b *testing.B) {
			w := newWay(b, 10_000, of.profiles, of.cacheBytes)
			for range of.warm {
				w.serve(b, w.batch(1000))
			}
			events := 0
			var allocations uint64
			b.ResetTimer()
			for b.Loop() {
				b.StopTimer()
				records := w.batch(1000)
				b.StartTimer()
				allocations += allocated(func() { w.serve(b, records) })
				events += len(records)
			}
			b.ReportMetric(float64(allocations)/float64(events), "allocs/event")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(events), "ns/event")
		})
	}
}

// TestWayAllocatesLittle holds what an event may allocate between Kafka and
// Redis once everything has grown.
func TestWayAllocatesLittle(t *testing.T) {
	for _, of := range populations {
		w := newWay(t, 1000, of.profiles/4, of.cacheBytes/4)
		for range of.warm {
			w.serve(t, w.batch(1000))
		}
		records := w.batch(1000)
		if got := float64(allocated(func() { w.serve(t, records) })) / 1000; got > of.most {
			t.Errorf("%s: %.2f allocations an event, want at most %g", of.name, got, of.most)
		} else {
			t.Logf("%s: %.2f allocations an event", of.name, got)
		}
	}
}

// allocated returns how many objects are allocated meanwhile.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.Mallocs - before.Mallocs
}
