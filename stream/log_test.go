package stream_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"testing"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"muster/pipeline"
	"muster/stream"
	"muster/test/kit/kafka"
)

// These tests need a broker that can be made to misbehave, so they are on kfake only.

// Compaction leaves holes between records and at the end of batches. None is
// a gap, and Next gets past all of them.
func TestSourcePassesCompactedRecords(t *testing.T) {
	broker := kafka.StartFakeFor(t)
	f := newFixture(t, broker)
	f.createTopic("keyed", 1, "cleanup.policy", "compact", "retention.ms", "-1")
	f.produce(f.client, &kgo.Record{Topic: "keyed", Key: []byte("first"), Value: []byte("x")}) // kfake's log starts at what is left
	for round := range 3 {
		records := numbered("keyed", 0, 0, 20)
		if round == 2 {
			records = records[:5]
		}
		f.produce(f.client, records...)
	}
	f.produce(f.client, &kgo.Record{Topic: "keyed", Key: []byte("active segment"), Value: []byte("x")})
	broker.Compact()
	end := f.end("keyed", 0)
	source := f.connect(nil).Open(0, 0, pipeline.Anchor{})
	defer source.Close()
	records := f.fetchUntil(source, end)
	if len(records) >= int(end) {
		t.Fatalf("%d records of %d: nothing was compacted", len(records), end)
	}
	last := map[string]int64{}
	for i, r := range records {
		if i > 0 && r.Offset <= records[i-1].Offset {
			t.Fatalf("offset %d comes after %d", r.Offset, records[i-1].Offset)
		}
		last[string(r.Key)] = r.Offset
	}
	for i := range numbered("keyed", 0, 0, 20) {
		key := string(numbered("keyed", 0, i, i+1)[0].Key)
		if want := map[bool]int64{true: 41 + int64(i), false: 21 + int64(i)}[i < 5]; last[key] != want {
			t.Errorf("the last record of %s is at %d instead of %d", key, last[key], want)
		}
	}
}

// A batch without any records is what compaction leaves of a producer's last
// batch, and what makes kafka-go's own reader lose its way.
func TestSourcePassesEmptiedBatch(t *testing.T) {
	broker := kafka.StartFakeFor(t)
	f := newFixture(t, broker)
	f.createTopic("keyed", 1)
	emptied := encodeBatch(t, 0, numbered("", 0, 0, 10))[:61] // the header
	binary.BigEndian.PutUint32(emptied[8:], 61-12)
	binary.BigEndian.PutUint32(emptied[57:], 0)
	binary.BigEndian.PutUint32(emptied[17:], crc32.Checksum(emptied[21:], crc32.MakeTable(crc32.Castagnoli)))
	batches := append(emptied, encodeBatch(t, 10, numbered("", 0, 10, 20))...)
	broker.ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
		return answer(req, batches), nil, true
	})
	source := f.connect(nil).Open(0, 0, pipeline.Anchor{})
	defer source.Close()
	checkNumbered(t, f.fetchUntil(source, 20), 10, 20)
}

func TestSourceFollowsTheLeader(t *testing.T) {
	kafka.Beside(t)
	broker := kafka.StartFakeFor(t, kfake.NumBrokers(3))
	f := newFixture(t, broker)
	f.createTopic("keyed", 1)
	source := f.connect(nil).Open(0, 0, pipeline.Anchor{})
	defer source.Close()
	for round := range 3 {
		f.produce(f.client, numbered("keyed", 0, round*10, round*10+10)...)
		checkNumbered(t, f.fetchUntil(source, int64(round*10+10)), round*10, round*10+10)
		next := (broker.LeaderFor("keyed", 0) + 1) % 3
		if err := broker.MoveTopicPartition("keyed", 0, next); err != nil {
			t.Fatal(err)
		}
	}
}

// Errors that pass are reported and outlasted, whatever they are.
func TestSourceOutlastsErrors(t *testing.T) {
	kafka.Beside(t)
	broker := kafka.StartFakeFor(t)
	f := newFixture(t, broker)
	f.createTopic("keyed", 1)
	f.produce(f.client, numbered("keyed", 0, 0, 10)...)
	broker.Fault(
		kfake.Fault{Keys: []kmsg.Key{kmsg.ListOffsets}, Err: kerr.LeaderNotAvailable, Count: 4}, // two a time
		kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Err: kerr.KafkaStorageError, Count: 2},
		kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Err: kerr.OffsetOutOfRange, Count: 1}, // of a follower just elected
	)
	failed, settled := make(chan error, 100), make(chan int, 100)
	source := f.connect(&stream.Observer{
		FetchError:   func(_ string, _ int, err error, _ time.Duration) { failed <- err },
		FetchSettled: func(string, int) { settled <- len(failed) },
	}).Open(0, -1, pipeline.Anchor{})
	defer source.Close()
	checkNumbered(t, f.fetchUntil(source, 10), 0, 10)
	if len(failed) != 5 || len(settled) != 1 || <-settled != 5 {
		t.Errorf("%d errors reported, settled %d times; want 5 and then once", len(failed), len(settled))
	}
}

// Whoever gives up reading that fails says so too.
func TestSourceSettlesWhenGivenUp(t *testing.T) {
	broker := kafka.StartFakeFor(t)
	f := newFixture(t, broker)
	f.createTopic("keyed", 1)
	broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Err: kerr.KafkaStorageError, Count: -1})
	ctx, cancel := context.WithCancel(f.ctx)
	settled := 0
	source := f.connect(&stream.Observer{
		FetchError:   func(string, int, error, time.Duration) { cancel() },
		FetchSettled: func(string, int) { settled++ },
	}).Open(0, 0, pipeline.Anchor{})
	defer source.Close()
	if _, err := source.Fetch(ctx); !errors.Is(err, context.Canceled) || settled != 1 {
		t.Errorf("%v, settled %d times; want once", err, settled)
	}
}

// A batch that is broken in the log is an error with its offset, and what is
// before it is delivered.
func TestSourceReportsCorruption(t *testing.T) {
	broker := kafka.StartFakeFor(t)
	f := newFixture(t, broker)
	f.createTopic("keyed", 1)
	f.produce(f.client, numbered("keyed", 0, 0, 20)...)
	batches := append(encodeBatch(t, 0, numbered("", 0, 0, 10)), encodeBatch(t, 10, numbered("", 0, 10, 20))...)
	batches[len(batches)-1] ^= 0x40
	broker.ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
		broker.KeepControl()
		return answer(req, batches), nil, true
	})
	source := f.connect(nil).Open(0, 0, pipeline.Anchor{})
	defer source.Close()
	checkNumbered(t, f.fetchUntil(source, 10), 0, 10)
	_, err := source.Fetch(f.ctx)
	var corrupt *stream.CorruptError
	if !errors.As(err, &corrupt) || corrupt.Offset != 10 || !stream.IsFatal(err) {
		t.Errorf("the error is %v", err)
	}
}

// encodeBatch returns records as one batch by kafka-go's encoder.
func encodeBatch(t *testing.T, base int64, records []*kgo.Record) []byte {
	t.Helper()
	var in []protocol.Record
	for _, r := range records {
		in = append(in, protocol.Record{Time: r.Timestamp, Key: protocol.NewBytes(r.Key), Value: protocol.NewBytes(r.Value)})
	}
	var out bytes.Buffer
	set := protocol.RecordSet{Version: 2, Records: protocol.NewRecordReader(in...)}
	if _, err := set.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	batch := out.Bytes()[4:] // behind the set's length
	binary.BigEndian.PutUint64(batch, uint64(base))
	return batch
}

// answer is a fetch response with the batches for the one partition asked about.
func answer(req kmsg.Request, batches []byte) kmsg.Response {
	partition := kmsg.NewFetchResponseTopicPartition()
	partition.RecordBatches, partition.HighWatermark = batches, 20
	res := req.ResponseKind().(*kmsg.FetchResponse)
	res.Topics = []kmsg.FetchResponseTopic{{
		Topic: req.(*kmsg.FetchRequest).Topics[0].Topic, Partitions: []kmsg.FetchResponseTopicPartition{partition},
	}}
	return res
}

// A Fetch waits for MinBytes, but not longer than PollWait.
func TestSourceWaits(t *testing.T) {
	f := newFixture(t, kafka.StartFakeFor(t))
	f.createTopic("keyed", 1)
	f.cfg.PollWait, f.cfg.MinBytes = 400*time.Millisecond, 1<<20
	source := f.connect(nil).Open(0, 0, pipeline.Anchor{})
	defer source.Close()
	f.produce(f.client, numbered("keyed", 0, 0, 5)...)
	began := time.Now()
	checkNumbered(t, f.fetchUntil(source, 5), 0, 5)
	if took := time.Since(began); took < f.cfg.PollWait {
		t.Errorf("less than MinBytes came after %v", took)
	}
}

// At the end of the log the next read lets records gather for Linger; a
// backlog of many answers is read without a rest.
func TestSourceLingers(t *testing.T) {
	kafka.Beside(t)
	f := newFixture(t, kafka.StartFakeFor(t))
	f.createTopic("keyed", 1)
	f.cfg.Linger, f.cfg.MaxBytes = time.Second, 1<<10
	source := f.connect(nil).Open(0, 0, pipeline.Anchor{})
	defer source.Close()
	const batches, size = 100, 10
	for i := range batches {
		f.produce(f.client, numbered("keyed", 0, i*size, (i+1)*size)...)
	}
	began := time.Now()
	checkNumbered(t, f.fetchUntil(source, batches*size), 0, batches*size)
	if took := time.Since(began); took > batches*f.cfg.Linger/2 {
		t.Errorf("a backlog came after %v", took)
	}
	began = time.Now()
	f.produce(f.client, numbered("keyed", 0, batches*size, batches*size+1)...)
	checkNumbered(t, f.fetchUntil(source, 1), batches*size, batches*size+1)
	if took := time.Since(began); took < f.cfg.Linger/2 {
		t.Errorf("a record behind the end came after %v", took)
	}
	ctx, cancel := context.WithTimeout(f.ctx, f.cfg.Linger/10)
	defer cancel()
	if _, err := source.Fetch(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("cut short, a Fetch returns %v", err)
	}
}
