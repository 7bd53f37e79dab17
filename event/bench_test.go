package event

import "testing"

// trackRecord is a track call of 738 bytes, as a browser client sends it.
const trackRecord = `{"anonymousId":"507f191e810c19729de860ea-9f2c","channel":"web","context":{"ip":"203.0.113.24","library":{"name":"analytics.js","version":"2.11.1"},` +
	`"locale":"en-US","page":{"path":"/shoes/runner","referrer":"https://search.example/","title":"Runner","url":"https://shop.example/shoes/runner"},` +
	`"userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"},"event":"Product Added","integrations":{},"messageId":"ajs-next-5f2b1c7e9d0a4e6f8b3c",` +
	`"properties":{"product_id":"sku-48213","category":"Shoes","price":89.95,"quantity":1,"currency":"EUR","in_stock":true,"tags":["new","sale"]},` +
	`"receivedAt":"2026-11-21T10:00:00.512Z","sentAt":"2026-11-21T10:00:00.204Z","timestamp":"2026-11-21T09:59:59.871Z","type":"track","userId":"user-184467"}`

// batchOf is how many records the benchmarks decode between two Resets.
const batchOf = 500

// renewals is what a new parser every 16 MB may cost, in allocations per
// event; all else allocates nothing.
const renewals = 0.05

// BenchmarkDecode decodes with as much of the context as rules ask for.
func BenchmarkDecode(b *testing.B) {
	for _, of := range []struct {
		name string
		read func(*Decoder)
	}{
		{"context=none", func(d *Decoder) { d.ReadContext(nil) }},
		{"context=one", func(d *Decoder) { d.ReadContext([]string{"page"}) }},
		{"context=all", func(*Decoder) {}},
	} {
		b.Run(of.name, func(b *testing.B) {
			d := newDecoder(b, Default())
			of.read(d)
			benchmarkDecode(b, d)
		})
	}
}

func benchmarkDecode(b *testing.B, d *Decoder) {
	record := []byte(trackRecord)
	var events []Event
	var rej []Rejection
	batch := func() {
		d.Reset()
		events, rej = events[:0], rej[:0]
		for range batchOf {
			events, rej = d.Decode(events, rej, record, recordTime, recordTime)
		}
	}
	batch()
	if perEvent := testing.AllocsPerRun(100, batch) / batchOf; perEvent > renewals {
		b.Fatalf("%.3f allocations per event, want 0", perEvent)
	}
	b.ReportAllocs()
	b.SetBytes(batchOf * int64(len(record)))
	for b.Loop() {
		batch()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batchOf), "ns/event")
	if len(rej) != 0 || len(events) != batchOf || events[7].Body.Get("price").Number() != 89.95 {
		b.Fatalf("got %d events and %+v", len(events), rej)
	}
}

func BenchmarkSplit(b *testing.B) {
	d := newDecoder(b, Default())
	record := []byte(trackRecord)
	var routed []Routed
	var rej []Rejection
	b.ReportAllocs()
	for b.Loop() {
		d.Reset()
		routed, rej = routed[:0], rej[:0]
		for range batchOf {
			routed, rej = d.Split(routed, rej, record, "events/3/41")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batchOf), "ns/event")
	if len(rej) != 0 || len(routed) != batchOf || routed[7].Rewritten {
		b.Fatalf("got %d routed and %+v", len(routed), rej)
	}
}

// TestSteadyStateAllocatesNothing counts allocations of whole batches, with
// escapes, ids that are numbers, and events that Split has to rewrite.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	records := [][]byte{
		[]byte(trackRecord),
		[]byte(`{"type":"identify","userId":77,"traits":{"a":{"b":"\u00e9\ud83d"},"n":0.1234567890123456789,"big":1e22},"receivedAt":"2026-11-21T10:00:00Z"}`),
		[]byte(`{"batch":[` + trackRecord + `,{"type":"page","userId":"u"}],"sentAt":"2026-11-21T10:00:00Z"}`),
	}
	d := newDecoder(t, Default())
	var events []Event
	var routed []Routed
	var rej []Rejection
	batch := func() {
		d.Reset()
		events, routed, rej = events[:0], routed[:0], rej[:0]
		for range batchOf {
			for _, record := range records {
				events, rej = d.Decode(events, rej, record, recordTime, recordTime)
				routed, rej = d.Split(routed, rej, record, "events/3/41")
			}
		}
	}
	batch()
	allocated := testing.AllocsPerRun(20, batch)
	if len(rej) != 0 || len(events) != 4*batchOf || len(routed) != 4*batchOf {
		t.Fatalf("got %d events, %d routed, %+v", len(events), len(routed), rej)
	}
	if perEvent := allocated / (8 * batchOf); perEvent > renewals {
		t.Errorf("%.3f allocations per event, want 0", perEvent)
	}
}
