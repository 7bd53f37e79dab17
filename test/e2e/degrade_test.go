package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/test/e2e/stack"
	"muster/test/e2e/traffic"
)

const (
	// backlog and bulk are the records, and the bytes of each, that pile up in
	// Kafka while Redis is away.
	backlog, bulk = 600, 500_000
	// mostGrowth is how many bytes an evaluator may grow by meanwhile: half of
	// them. What it takes depends on kafka.max_bytes, not on what waits.
	mostGrowth = backlog * bulk / 2
)

// Redis is killed while events flow, more than memory would hold pile up, and
// it comes back: the evaluator waits, alive and not ready and no larger, goes
// on by itself, and leaves when asked to whether Redis is there or not.
func TestWaitsForRedis(t *testing.T) {
	stack.Beside(t)
	tr := traffic.New(7, 40, 12)
	s := stack.Start(t, stack.Options{Shards: 2, Sources: 1, Segments: tr.Segments(), LinkedRedis: true})
	s.Init()
	e, other := s.Run(), s.Run()
	awaitReady(t, s, e, http.StatusOK)
	awaitReady(t, s, other, http.StatusOK)
	produceAndAwaitSome(s, tr)

	server := s.Servers.Redis[0]
	server.Kill(t)
	s.Produce(tr.Records(s, 500)...)
	awaitReady(t, s, e, http.StatusServiceUnavailable, "redis: ")
	expectAlive(t, e)
	before := memory(t, e)
	s.Produce(padding(s)...)
	s.Await("everything to be routed", stack.Patience, s.Routed)
	if grown := memory(t, e) - before; grown > mostGrowth {
		t.Errorf("it has grown by %.0f MB while %d MB waited, want at most %d", grown/1e6, backlog*bulk/1_000_000, mostGrowth/1_000_000)
	}
	if code := other.Terminate(); code != 0 {
		t.Errorf("without Redis it left with exit code %d, want 0", code)
	}
	expectAlive(t, e)

	server.Restart(t)
	awaitReady(t, s, e, http.StatusOK)
	s.Produce(tr.Records(s, 500)...)
	s.AwaitSettled(stack.Patience)
	tr.ExpectAll(t, s)
	report(t, s.Verify(tr.Rules))
}

// The same with the broker.
func TestWaitsForKafka(t *testing.T) {
	stack.Beside(t)
	tr := traffic.New(8, 40, 12)
	s := stack.Start(t, stack.Options{Shards: 2, Sources: 2, Segments: tr.Segments(), Linked: true})
	s.Init()
	e := s.Run()
	awaitReady(t, s, e, http.StatusOK)
	produceAndAwaitSome(s, tr)

	s.Produce(tr.Records(s, 2000)...)
	if err := s.Servers.Kafka.Kill(); err != nil {
		t.Fatal(err)
	}
	awaitReady(t, s, e, http.StatusServiceUnavailable, "kafka: ")
	expectAlive(t, e)
	if err := s.Servers.Kafka.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	awaitReady(t, s, e, http.StatusOK)
	s.Produce(tr.Records(s, 500)...)
	s.AwaitSettled(stack.Patience)
	tr.ExpectAll(t, s)
	report(t, s.Verify(tr.Rules))
}

// padding are large events on the source topic.
func padding(s *stack.System) []*kgo.Record {
	text := bytes.Repeat([]byte("x"), bulk)
	records := make([]*kgo.Record, backlog)
	for i := range records {
		records[i] = &kgo.Record{Topic: s.Source, Partition: int32(i % s.Sources), Value: fmt.Appendf(nil,
			`{"type":"track","event":"Padded","userId":"customer-%d","serial":0,"receivedAt":"2026-11-01T10:00:00Z","properties":{"text":%q}}`, i, text)}
	}
	return records
}

// memory is what the evaluator takes, in bytes.
func memory(t *testing.T, e *stack.Evaluator) float64 {
	t.Helper()
	resident, err := e.Metric("process_resident_memory_bytes")
	if err != nil {
		t.Fatal(err)
	}
	return resident
}

func expectAlive(t *testing.T, e *stack.Evaluator) {
	t.Helper()
	if status, text, err := e.Get("/healthz"); err != nil || status != http.StatusOK {
		t.Errorf("healthz is %d %s, %v", status, text, err)
	}
}
