package profile

import (
	"fmt"
	"testing"

	"muster/event"
)

// typical is a profile of 60 traits, a count and a sum of each of 20
// behaviours, and ten events, as benchmarks of the whole way have it.
func typical() (*Schema, *Profile) {
	var series []Series
	for i := range 20 {
		for _, k := range []Keep{KeepSlidingTimes, KeepSlidingNumbers} {
			one := seriesOf(k, 30*24*3600*1000)
			one.Key, one.Name = fmt.Sprint(k, i), fmt.Sprint("behaviour", i)
			series = append(series, one)
		}
	}
	schema, cfg, p := NewSchema(nil, series), Default(), New("p")
	var traits []any
	for i := range 60 {
		traits = append(traits, fmt.Sprint("trait_", i), event.StringOf(fmt.Sprint("value ", i)))
	}
	ev := identify(start, object(traits...))
	for i := range 11 {
		ev.MessageID = fmt.Sprint("message ", i)
		var changed Changed
		p.Apply(schema, &cfg, &ev, start+int64(i), &changed)
		ev = track(start+int64(i), 9.99)
		ev.Name = fmt.Sprint("behaviour", 2*i%20)
	}
	return schema, p
}

// BenchmarkCodec stores a typical profile after an event, which is counted in,
// and reads one.
func BenchmarkCodec(b *testing.B) {
	schema, p := typical()
	codec, cfg := codecOf(schema), Default()
	blob := codec.Append(nil, p, start)
	b.Run("apply+encode", func(b *testing.B) {
		var changed Changed
		now := start
		b.ReportAllocs()
		for b.Loop() {
			now += 24 * 3600 * 1000
			ev := track(now, 9.99)
			ev.Name = "behaviour3"
			p.Apply(schema, &cfg, &ev, now, &changed)
			blob = codec.AppendBase(blob[:0], p, now)
			changed.Reset()
		}
		b.ReportMetric(float64(len(blob)), "base_bytes")
		b.ReportMetric(float64(len(p.Tail())), "tail_bytes")
	})
	b.Run("decode", func(b *testing.B) {
		blob := codec.Append(nil, p, start)
		text := string(blob)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := codec.Decode("p", text); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(blob)), "blob_bytes")
	})
}

// BenchmarkMembers writes the memberships of a profile that is in 400 of
// 10,000 segments, with their numbers in order and, as after an edit, not.
func BenchmarkMembers(b *testing.B) {
	var ids []string
	p := New("p")
	for i := range 10_000 {
		ids = append(ids, fmt.Sprint("segment ", i))
		p.Members.Set(i, i%25 == 0)
	}
	for _, of := range []struct {
		name  string
		names []string // numbered before
	}{{"ascending", nil}, {"mixed", []string{NameOfSegment(ids[9_000])}}} {
		b.Run(of.name, func(b *testing.B) {
			codec, _ := NewCodec(NewSchema(nil, nil), ids, of.names)
			var blob []byte
			for b.Loop() {
				blob = codec.appendMembers(blob[:0], p)
			}
			b.ReportMetric(float64(len(blob)), "blob_bytes")
		})
	}
}
