package stream_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/pipeline"
	"muster/stream"
	"muster/test/kit/kafka"
)

// kfake ignores message.timestamp.type, so only a real broker can show this;
// the wire package tests the reading of it.
func TestSourceTakesBrokersTime(t *testing.T) {
	if !kafka.Real() {
		t.Skip("kfake ignores message.timestamp.type; runs with MUSTER_E2E=real (make e2e)")
	}
	f := newFixture(t, kafka.Start(t))
	f.createTopic(f.cfg.Keyed, 1, "message.timestamp.type", "LogAppendTime")
	before := time.Now().Add(-time.Minute).UnixMilli()
	f.produce(f.client, numbered(f.cfg.Keyed, 0, 0, 3)...)
	source := f.connect(nil).Open(0, 0, pipeline.Anchor{})
	defer source.Close()
	for _, r := range f.fetchUntil(source, 3) {
		if r.Time < before {
			t.Errorf("offset %d has the producer's time %d", r.Offset, r.Time)
		}
	}
}

// TestSource is the acceptance suite of pipeline.Source over Kafka. It runs
// on kfake, and on Apache Kafka when MUSTER_E2E=real. Every part has a topic of its own.
func TestSource(t *testing.T) {
	broker := kafka.Start(t)
	for _, part := range []struct {
		name string
		run  func(*testing.T, *fixture)
	}{
		{"every compression", everyCompression},
		{"starts in the middle of a batch", startsInsideBatch},
		{"starts at the first offset of a shortened log", startsAtFirst},
		{"before the log start is a gap", gapBelow},
		{"behind the log end is a gap", gapAbove},
		{"markers and aborted records are left out", leavesOutTransactions},
		{"a batch stays valid during the next", batchesStayValid},
		{"null, empty and missing", nullsAndEmpties},
		{"an empty poll returns", emptyPoll},
		{"goes on after a restart", goesOnAfterRestart},
	} {
		t.Run(part.name, func(t *testing.T) {
			f := newFixture(t, broker)
			f.cfg.Keyed = strings.NewReplacer(" ", "-", ",", "").Replace(part.name)
			part.run(t, f)
		})
	}
}

func everyCompression(t *testing.T, f *fixture) {
	codecs := []kgo.CompressionCodec{
		kgo.NoCompression(), kgo.GzipCompression(), kgo.SnappyCompression(), kgo.Lz4Compression(), kgo.ZstdCompression(),
	}
	f.createTopic(f.cfg.Keyed, len(codecs))
	for partition, codec := range codecs {
		client := f.newClient(kgo.ProducerBatchCompression(codec))
		for start := 0; start < 3000; start += 1000 {
			f.produce(client, numbered(f.cfg.Keyed, int32(partition), start, start+1000)...)
		}
	}
	f.cfg.BatchRecords = 300
	c := f.connect(nil)
	for partition := range codecs {
		source := c.Open(partition, 0, pipeline.Anchor{})
		records := f.fetchUntil(source, 3000)
		checkNumbered(t, records, 0, 3000)
		if err := source.Close(); err != nil {
			t.Error(err)
		}
	}
}

func checkNumbered(t *testing.T, records []pipeline.Record, from, to int) {
	t.Helper()
	if len(records) != to-from {
		t.Fatalf("%d records instead of %d", len(records), to-from)
	}
	for i, want := range numbered("", 0, from, to) {
		got := records[i]
		if got.Offset != int64(from+i) || got.Time != want.Timestamp.UnixMilli() ||
			!bytes.Equal(got.Key, want.Key) || !bytes.Equal(got.Value, want.Value) {
			t.Fatalf("record %d is %d %d %q %q", from+i, got.Offset, got.Time, got.Key, got.Value)
		}
	}
}

func startsInsideBatch(t *testing.T, f *fixture) {
	f.createTopic(f.cfg.Keyed, 2)
	for partition, codec := range []kgo.CompressionCodec{kgo.NoCompression(), kgo.Lz4Compression()} {
		f.produce(f.newClient(kgo.ProducerBatchCompression(codec)), numbered(f.cfg.Keyed, int32(partition), 0, 100)...)
		for _, from := range []int{1, 57, 99} {
			source := f.connect(nil).Open(partition, int64(from), pipeline.Anchor{})
			checkNumbered(t, f.fetchUntil(source, 100), from, 100)
			source.Close()
		}
	}
}

func startsAtFirst(t *testing.T, f *fixture) {
	f.createTopic(f.cfg.Keyed, 1)
	f.produce(f.client, numbered(f.cfg.Keyed, 0, 0, 10)...)
	f.deleteBefore(f.cfg.Keyed, 0, 4)
	source := f.connect(nil).Open(0, -1, pipeline.Anchor{})
	defer source.Close()
	checkNumbered(t, f.fetchUntil(source, 10), 4, 10)
}

func gapBelow(t *testing.T, f *fixture) {
	f.createTopic(f.cfg.Keyed, 1)
	f.produce(f.client, numbered(f.cfg.Keyed, 0, 0, 10)...)
	f.deleteBefore(f.cfg.Keyed, 0, 4)
	checkGap(t, f, 3, 4, 10, "go on at 4 with evaluator run --accept-gaps", 4)
}

func gapAbove(t *testing.T, f *fixture) {
	f.createTopic(f.cfg.Keyed, 1)
	f.produce(f.client, numbered(f.cfg.Keyed, 0, 0, 10)...)
	checkGap(t, f, 11, 0, 10, "made anew", 10)
}

func checkGap(t *testing.T, f *fixture, asked, first, last int64, advice string, on int64) {
	t.Helper()
	source := f.connect(nil).Open(0, asked, pipeline.Anchor{})
	defer source.Close()
	_, err := source.Fetch(f.ctx)
	var gap *stream.GapError
	if !errors.As(err, &gap) {
		t.Fatalf("the error is %v", err)
	}
	want := stream.GapError{Topic: f.cfg.Keyed, Asked: asked, First: first, Last: last}
	if *gap != want || !stream.IsFatal(err) {
		t.Errorf("gap %+v instead of %+v, fatal %v", *gap, want, stream.IsFatal(err))
	}
	if !strings.Contains(err.Error(), advice) || !strings.Contains(err.Error(), fmt.Sprint(asked)) {
		t.Errorf("the message %q does not name offset %d and %q", err, asked, advice)
	}
	f.cfg.AcceptGaps = true
	accepting := f.connect(nil).Open(0, asked, pipeline.Anchor{})
	defer accepting.Close()
	batch, err := accepting.Fetch(f.ctx)
	if err != nil || batch.Gap == nil || *batch.Gap != (pipeline.Gap{From: asked, To: on}) || batch.Next != on || len(batch.Records) > 0 {
		t.Fatalf("accepting the gap gives %+v, %v; want to go on at %d", batch, err, on)
	}
	for next := on; next < last; next = batch.Next {
		if batch, err = accepting.Fetch(f.ctx); err != nil || batch.Gap != nil || (len(batch.Records) > 0 && batch.Records[0].Offset != next) {
			t.Fatalf("behind the gap comes %+v, %v; want offset %d", batch, err, next)
		}
	}
}

func leavesOutTransactions(t *testing.T, f *fixture) {
	f.createTopic(f.cfg.Keyed, 1)
	producer := f.newClient(kgo.TransactionalID(f.cfg.Keyed))
	transaction := func(from, to int, end kgo.TransactionEndTry) {
		t.Helper()
		if err := producer.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		f.produce(producer, numbered(f.cfg.Keyed, 0, from, to)...)
		if err := producer.EndTransaction(f.ctx, end); err != nil {
			t.Fatal(err)
		}
	}
	lookalike := &kgo.Record{Topic: f.cfg.Keyed, Value: make([]byte, 6)}
	transaction(0, 5, kgo.TryCommit)   // offsets 0-4, marker 5
	transaction(0, 5, kgo.TryAbort)    // 6-10, marker 11
	f.awaitEnd(f.cfg.Keyed, 0, 12)     // the broker may write a marker after its answer
	f.produce(f.client, lookalike)     // 12
	transaction(13, 15, kgo.TryCommit) // 13-14, marker 15
	transaction(0, 5, kgo.TryAbort)    // 16-20, marker 21
	const end = 22

	source := f.connect(nil).Open(0, 0, pipeline.Anchor{})
	defer source.Close()
	var offsets []int64
	for next := int64(0); next < end; {
		batch, err := source.Fetch(f.ctx)
		if err != nil {
			t.Fatal(err)
		}
		if batch.Next == next && len(batch.Records) > 0 {
			t.Fatalf("%d records but Next stays at %d", len(batch.Records), next)
		}
		for _, r := range batch.Records {
			offsets = append(offsets, r.Offset)
		}
		next = batch.Next
	}
	if got := fmt.Sprint(offsets); got != "[0 1 2 3 4 12 13 14]" {
		t.Errorf("offsets %s", got)
	}
	batch, err := source.Fetch(f.ctx)
	if err != nil || batch.Next != batch.High || batch.High != end {
		t.Errorf("Next %d, High %d, end %d, error %v: not caught up behind the last marker", batch.Next, batch.High, end, err)
	}
}

// The records of one Fetch must still be there after the next one, whether
// they come from one answer or two, inflated or not.
func batchesStayValid(t *testing.T, f *fixture) {
	codecs := []kgo.CompressionCodec{kgo.NoCompression(), kgo.SnappyCompression()}
	f.createTopic(f.cfg.Keyed, 1)
	for i, at := 0, 0; at < 6000; i++ {
		size := 1 + (i*37)%400
		f.produce(f.newClient(kgo.ProducerBatchCompression(codecs[i%2])), numbered(f.cfg.Keyed, 0, at, min(at+size, 6000))...)
		at += size
	}
	f.cfg.BatchRecords, f.cfg.MaxBytes = 150, 20_000
	source := f.connect(nil).Open(0, 0, pipeline.Anchor{})
	defer source.Close()
	var before pipeline.Batch
	seen := 0
	for seen < 6000 {
		batch, err := source.Fetch(f.ctx)
		if err != nil {
			t.Fatal(err)
		}
		if len(batch.Records) > 150 {
			t.Fatalf("%d records in a batch", len(batch.Records))
		}
		checkNumbered(t, before.Records, seen-len(before.Records), seen)
		checkNumbered(t, batch.Records, seen, seen+len(batch.Records))
		seen += len(batch.Records)
		before = batch
	}
}

func nullsAndEmpties(t *testing.T, f *fixture) {
	f.createTopic(f.cfg.Keyed, 1)
	f.produce(f.client,
		&kgo.Record{Topic: f.cfg.Keyed, Key: nil, Value: []byte{}},
		&kgo.Record{Topic: f.cfg.Keyed, Key: []byte{}, Value: nil,
			Headers: []kgo.RecordHeader{{Key: "h", Value: []byte("v")}}},
		&kgo.Record{Topic: f.cfg.Keyed, Key: []byte("k"), Value: []byte("v")})
	source := f.connect(nil).Open(0, 0, pipeline.Anchor{})
	defer source.Close()
	for {
		batch, err := source.Fetch(f.ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range batch.Records {
			nullKey, nullValue := r.Key == nil, r.Value == nil
			if nullKey != (r.Offset == 0) || nullValue != (r.Offset == 1) {
				t.Errorf("offset %d: null key %v, null value %v", r.Offset, nullKey, nullValue)
			}
		}
		if batch.Next == 3 {
			return
		}
	}
}

func emptyPoll(t *testing.T, f *fixture) {
	f.createTopic(f.cfg.Keyed, 1)
	failed := make(chan error, 100)
	source := f.connect(&stream.Observer{
		FetchError: func(_ string, _ int, err error, _ time.Duration) { failed <- err },
	}).Open(0, -1, pipeline.Anchor{})
	defer source.Close()
	for range 3 {
		batch, err := source.Fetch(f.ctx)
		if err != nil || len(batch.Records) != 0 || batch.Next != 0 || batch.High != 0 {
			t.Fatalf("an empty partition gave %+v, %v", batch, err)
		}
	}
	f.produce(f.client, numbered(f.cfg.Keyed, 0, 0, 1)...)
	checkNumbered(t, f.fetchUntil(source, 1), 0, 1)
	if len(failed) > 0 {
		t.Errorf("an empty poll was reported as %v", <-failed)
	}
}

func goesOnAfterRestart(t *testing.T, f *fixture) {
	f.createTopic(f.cfg.Keyed, 1)
	f.produce(f.client, numbered(f.cfg.Keyed, 0, 0, 10)...)
	failed := make(chan error, 1000)
	source := f.connect(&stream.Observer{
		FetchError: func(_ string, _ int, err error, _ time.Duration) { failed <- err },
	}).Open(0, 0, pipeline.Anchor{})
	defer source.Close()
	checkNumbered(t, f.fetchUntil(source, 10), 0, 10)
	if err := f.broker.Kill(); err != nil {
		t.Fatal(err)
	}
	restarted := make(chan error, 1)
	go func() {
		select {
		case err := <-failed:
			t.Logf("the source has noticed: %v", err)
		case <-f.ctx.Done():
		}
		restarted <- f.broker.Restart(f.ctx)
	}()
	for down := true; down; {
		select {
		case err := <-restarted:
			if err != nil {
				t.Fatal(err)
			}
			down = false
		default:
			if _, err := source.Fetch(f.ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	f.produce(f.client, numbered(f.cfg.Keyed, 0, 10, 20)...)
	checkNumbered(t, f.fetchUntil(source, 20), 10, 20)
}
