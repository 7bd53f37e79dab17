package archive

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

// shopEvents is a text of n events of some 700 bytes, like those of a shop.
func shopEvents(n int) string {
	var text strings.Builder
	for i := range n {
		random := uint64(i+1) * 0x9e3779b97f4a7c15
		fmt.Fprintf(&text, `{"type":"track","messageId":"ajs-next-%016x-%d","userId":"user-%d","anonymousId":"%016x",`+
			`"event":"Order Completed","timestamp":"2026-03-%02dT10:%02d:%02d.000Z","receivedAt":"2026-03-%02dT10:%02d:59.000Z",`+
			`"context":{"ip":"10.%d.%d.%d","userAgent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)","locale":"en-US",`+
			`"page":{"path":"/checkout/%d","url":"https://shop.example/checkout/%d","referrer":"https://shop.example/cart"},`+
			`"library":{"name":"analytics.js","version":"next-1.70.0"}},"properties":{"order_id":"%x","total":%d.%02d,`+
			`"currency":"EUR","products":[{"sku":"A-%d","price":%d,"quantity":%d}],"coupon":null}}`+"\n",
			random, i, random%50_000, random*3, 1+i%28, i%60, random%60, 1+i%28, i%60, random%250, random%240, random%230,
			random%9000, random%9000, random*7, random%900, random%100, random%5000, random%100, 1+random%5)
	}
	return text.String()
}

// BenchmarkGunzip is the least that reading a gzip object must do.
func BenchmarkGunzip(b *testing.B) {
	text := shopEvents(20_000)
	packed, unzip := gzipped(text), newGunzip()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		unzip(b, packed)
	}
}

// newGunzip returns what unpacks an object and does nothing with it.
func newGunzip() func(b *testing.B, packed string) {
	z, buffer := new(gzip.Reader), make([]byte, usualWindow)
	return func(b *testing.B, packed string) {
		if err := z.Reset(strings.NewReader(packed)); err != nil {
			b.Fatal(err)
		}
		if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{z}, buffer); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReadOfGunzip tells what part of the time of Read over gzip is
// gunzip's alone. They run in turn, so that a busy machine slows both.
func BenchmarkReadOfGunzip(b *testing.B) {
	for _, encoding := range []Encoding{Lines, Values} {
		b.Run(encoding.String(), func(b *testing.B) {
			packed, unzip := gzipped(shopEvents(20_000)), newGunzip()
			var alone, whole time.Duration
			for b.Loop() {
				began := time.Now()
				unzip(b, packed)
				alone += time.Since(began)
				began = time.Now()
				f := Format{Compression: Gzip, Encoding: encoding}
				if err := Read(strings.NewReader(packed), "key", f, func(Record) error { return nil }); err != nil {
					b.Fatal(err)
				}
				whole += time.Since(began)
			}
			b.ReportMetric(float64(alone)/float64(whole), "of_gunzip")
		})
	}
}

func BenchmarkReadGzip(b *testing.B) {
	for _, encoding := range []Encoding{Lines, Values} {
		b.Run(encoding.String(), func(b *testing.B) {
			text := shopEvents(20_000)
			benchmarkRead(b, text, gzipped(text), Format{Compression: Gzip, Encoding: encoding})
		})
	}
}

func BenchmarkReadPlain(b *testing.B) {
	for _, encoding := range []Encoding{Lines, Values} {
		b.Run(encoding.String(), func(b *testing.B) {
			text := shopEvents(20_000)
			benchmarkRead(b, text, text, Format{Encoding: encoding})
		})
	}
}

func BenchmarkReadPacked(b *testing.B) {
	for _, compression := range []Compression{Zstd, Snappy} {
		b.Run(compression.String(), func(b *testing.B) {
			text := shopEvents(20_000)
			benchmarkRead(b, text, packers[compression](text), Format{Compression: compression})
		})
	}
}

// BenchmarkReadParquet reads the columns of a warehouse's table; its bytes are
// those of the records.
func BenchmarkReadParquet(b *testing.B) {
	type order struct {
		ID        string    `parquet:"id"`
		UserID    string    `parquet:"user_id,dict"`
		Anonymous string    `parquet:"anonymous_id"`
		Event     string    `parquet:"event,dict"`
		EventText string    `parquet:"event_text,dict"`
		Received  time.Time `parquet:"received_at,timestamp"`
		Timestamp time.Time `parquet:"timestamp,timestamp"`
		Device    string    `parquet:"context_device_type,dict"`
		Path      string    `parquet:"context_page_path,dict"`
		Order     string    `parquet:"order_id"`
		Total     float64   `parquet:"total"`
		Currency  string    `parquet:"currency,dict"`
		Coupon    *string   `parquet:"coupon,optional"`
	}
	var orders []order
	for i := range 20_000 {
		at := time.UnixMilli(1_700_000_000_000 + int64(i)*997)
		orders = append(orders, order{
			ID: fmt.Sprintf("ajs-next-%d", i), UserID: fmt.Sprintf("user-%d", i*7%5000), Anonymous: fmt.Sprintf("%032x", i), Event: "order_completed",
			EventText: "Order Completed", Received: at, Timestamp: at, Device: "mobile", Path: "/checkout", Order: fmt.Sprint(i), Total: float64(i) / 7,
			Currency: "EUR",
		})
	}
	file := grouped(b, 10_000, orders)
	size := 0
	if err := Read(strings.NewReader(file), "x", Format{Encoding: Parquet}, func(r Record) error { size += len(r.Value); return nil }); err != nil {
		b.Fatal(err)
	}
	benchmarkRead(b, strings.Repeat(" ", size), file, Format{Encoding: Parquet})
}

// benchmarkRead reads a text of 20,000 events.
func benchmarkRead(b *testing.B, text, packed string, f Format) {
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		records := 0
		err := Read(strings.NewReader(packed), "key", f, func(Record) error { records++; return nil })
		if err != nil || records != 20_000 {
			b.Fatal(records, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/20_000, "ns/event")
}
