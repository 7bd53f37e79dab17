package tracking_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/api/access"
	"muster/api/tracking"
	"muster/event"
	"muster/stream"
	"muster/test/kit/kafka"
)

const (
	benchKey    = "mst_bench"
	benchEvents = 100 // in a batch, as clients send them
	benchAtOnce = 16  // requests
	benchShards = 8
)

// batch is the body of a request, and its events as they are kept.
type batch struct {
	body   string
	events []event.Routed
}

// capture keeps what the handler makes of a request.
type capture struct{ events []event.Routed }

func (c *capture) Append(_ context.Context, events []event.Routed) error {
	c.events = events
	return nil
}

// BenchmarkIngest measures batches of events of 500 bytes on their way from the
// handler to an embedded broker, and beside it the same events as they are kept
// through the appender alone. ratio is how much of its rate is left.
func BenchmarkIngest(b *testing.B) {
	config := stream.Default()
	config.Brokers, config.Keyed = kafka.StartFakeFor(b).Addresses(), "keyed"
	cluster, err := stream.Connect(config, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer cluster.Close()
	if _, err := cluster.Init(b.Context(), benchShards, 1); err != nil {
		b.Fatal(err)
	}
	appender, err := cluster.Appender("keyed", benchShards)
	if err != nil {
		b.Fatal(err)
	}
	defer appender.Close()
	work := benchBatches(b)
	handler := benchHandler(b, appender)
	b.ResetTimer()
	ingest := side(b, func(i int) error { return benchPost(handler, work[i%len(work)].body) })
	b.StopTimer()
	raw := side(b, func(i int) error { return appender.Append(b.Context(), work[i%len(work)].events) })
	events := float64(b.N * benchEvents)
	b.ReportMetric(events/ingest.Seconds(), "events/s")
	b.ReportMetric(events/raw.Seconds(), "raw_events/s")
	b.ReportMetric(raw.Seconds()/ingest.Seconds(), "ratio")
}

// side does b.N things, some at a time, and returns how long that took.
func side(b *testing.B, do func(i int) error) time.Duration {
	began := time.Now()
	var work sync.WaitGroup
	for lane := range benchAtOnce {
		work.Go(func() {
			for i := lane; i < b.N; i += benchAtOnce {
				if err := do(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	work.Wait()
	return time.Since(began)
}

func benchHandler(b *testing.B, log tracking.Log) http.Handler {
	b.Helper()
	token := access.Token{Name: "bench", Scopes: []access.Scope{access.Ingest}, Hash: sha256.Sum256([]byte(benchKey))}
	keys, err := access.NewKeys(access.Options{Text: token.Line(), Limit: access.Limit{Rate: 1e9, Burst: 1e9}})
	if err != nil {
		b.Fatal(err)
	}
	h, err := tracking.New(tracking.Default(), log, access.Guard{Keys: keys}, event.Default(), tracking.Observer{})
	if err != nil {
		b.Fatal(err)
	}
	return h
}

func benchPost(h http.Handler, body string) error {
	r := httptest.NewRequest(http.MethodPost, "/v1/batch", strings.NewReader(body))
	r.SetBasicAuth(benchKey, "")
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, r); w.Code != http.StatusOK {
		return fmt.Errorf("status %d: %s", w.Code, w.Body)
	}
	return nil
}

func benchBatches(b *testing.B) []batch {
	b.Helper()
	all := make([]batch, 32)
	kept := &capture{}
	h := benchHandler(b, kept)
	for i := range all {
		var text strings.Builder
		text.WriteString(`{"sentAt":"2026-11-28T10:00:00.000Z","batch":[`)
		for j := range benchEvents {
			if j > 0 {
				text.WriteByte(',')
			}
			fmt.Fprintf(&text, `{"type":"track","event":"Order Completed","userId":"user-%d","messageId":"m-%d-%d","timestamp":"2026-11-28T09:59:59.000Z",`+
				`"properties":{"revenue":39.95,"currency":"EUR","products":[{"sku":"a-1","price":19.95,"quantity":1},{"sku":"b-2","price":20,"quantity":1}],"coupon":"spring"},`+
				`"context":{"ip":"203.0.113.7","library":{"name":"analytics-node","version":"3.1.0"},"userAgent":"Mozilla/5.0 (X11; Linux x86_64)"},"integrations":{}}`, i*7+j, i, j)
		}
		text.WriteString(`]}`)
		all[i].body = text.String()
		if err := benchPost(h, all[i].body); err != nil {
			b.Fatal(err)
		}
		all[i].events = kept.events
	}
	return all
}
