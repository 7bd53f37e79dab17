package archive

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

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
	packed := []byte(gzipped(text))
	z := new(gzip.Reader)
	buffer := make([]byte, usualWindow)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if err := z.Reset(bytes.NewReader(packed)); err != nil {
			b.Fatal(err)
		}
		if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{z}, buffer); err != nil {
			b.Fatal(err)
		}
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
