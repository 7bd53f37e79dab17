package stream_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"muster/pipeline"
	"muster/stream"
	"muster/test/kit/kafka"
)

// TestAnchors shows which logs are taken for the one that was read. It runs on
// kfake, and on Apache Kafka when MUSTER_E2E=real.
func TestAnchors(t *testing.T) {
	kafka.Beside(t)
	broker := kafka.Start(t)
	for _, part := range []struct {
		name string
		run  func(*testing.T, *fixture)
	}{
		{"a topic made anew and grown past the offset", madeAnewAndGrown},
		{"a topic made anew and still short", madeAnewAndShort},
		{"a topic made anew while it is read", madeAnewMeanwhile},
		{"a topic made anew that nobody had read", madeAnewUnread},
		{"a topic brought back under another id", broughtBack},
		{"an end that was lost and grew again", endLost},
		{"a marker where a record was", markerInPlace},
		{"a record that retention has removed", recordRetained},
		{"an offset without an anchor takes the one it finds", takesWhatItFinds},
		{"an offset that was forgotten", forgotten},
	} {
		t.Run(part.name, func(t *testing.T) {
			f := newFixture(t, broker)
			f.cfg.Keyed = strings.ReplaceAll(part.name, " ", "-")
			part.run(t, f)
		})
	}
}

// remake deletes a topic and creates it again.
func (f *fixture) remake(topic string, partitions int) {
	f.t.Helper()
	f.deleteTopic(topic)
	f.createTopic(topic, partitions)
}

func (f *fixture) deleteTopic(topic string) {
	f.t.Helper()
	req := kmsg.NewPtrDeleteTopicsRequest()
	one := kmsg.NewDeleteTopicsRequestTopic()
	one.Topic = &topic
	req.Topics, req.TopicNames = append(req.Topics, one), []string{topic}
	res, err := req.RequestWith(f.ctx, f.client)
	if err == nil {
		err = kerr.ErrorForCode(res.Topics[0].ErrorCode)
	}
	if err != nil {
		f.t.Fatalf("deleting topic %s: %v", topic, err)
	}
}

// other returns records that differ from numbered ones at the same offsets.
func other(topic string, partition int32, count int) []*kgo.Record {
	records := numbered(topic, partition, 0, count)
	for _, r := range records {
		r.Value = append(r.Value, ' ')
	}
	return records
}

// read produces ten records, reads them and returns the anchor behind them.
func (f *fixture) read(partition int32) pipeline.Anchor {
	f.t.Helper()
	f.produce(f.client, numbered(f.cfg.Keyed, partition, 0, 10)...)
	return f.anchor(partition, 10)
}

// anchor reads a partition up to an offset and returns the anchor there.
func (f *fixture) anchor(partition int32, next int64) pipeline.Anchor {
	f.t.Helper()
	f.cfg.BatchRecords = 1
	source := f.connect(nil).Open(int(partition), 0, pipeline.Anchor{})
	defer source.Close()
	for {
		batch, err := source.Fetch(f.ctx)
		if err != nil {
			f.t.Fatal(err)
		}
		if batch.Next == next {
			return batch.Anchor
		}
	}
}

// checkOther checks that a source stops, and where it goes on when that is
// accepted: with the records of what is there now.
func (f *fixture) checkOther(partition int, next int64, anchor pipeline.Anchor, want stream.GapError, on int64) {
	f.t.Helper()
	want.Topic, want.Partition = f.cfg.Keyed, partition
	source := f.connect(nil).Open(partition, next, anchor)
	defer source.Close()
	_, err := source.Fetch(f.ctx)
	var gap *stream.GapError
	if !errors.As(err, &gap) || *gap != want || !stream.IsFatal(err) {
		f.t.Fatalf("got %v, %+v; want %+v", err, gap, want)
	}
	if !strings.Contains(err.Error(), "made anew") || !strings.Contains(err.Error(), fmt.Sprintf("go on at %d with evaluator run --accept-gaps", on)) {
		f.t.Errorf("the message is %q", err)
	}
	f.cfg.AcceptGaps = true
	accepting := f.connect(nil).Open(partition, next, anchor)
	defer accepting.Close()
	batch, err := accepting.Fetch(f.ctx)
	if err != nil || batch.Gap == nil || *batch.Gap != (pipeline.Gap{From: want.Asked, To: on}) || batch.Next != on || len(batch.Records) > 0 {
		f.t.Fatalf("accepting the gap gives %+v, %v; want to go on at %d", batch, err, on)
	}
	for n := on; n < want.Last; n = batch.Next {
		if batch, err = accepting.Fetch(f.ctx); err != nil || batch.Gap != nil || len(batch.Records) > 0 && batch.Records[0].Offset != n {
			f.t.Fatalf("behind the gap comes %+v, %v; want offset %d", batch, err, n)
		}
	}
	f.cfg.AcceptGaps = false
	if batch.Next == want.Last {
		f.checkSame(partition, batch.Next, batch.Anchor)
	}
}

// checkSame checks that a source goes on without a gap.
func (f *fixture) checkSame(partition int, next int64, anchor pipeline.Anchor) pipeline.Batch {
	f.t.Helper()
	source := f.connect(nil).Open(partition, next, anchor)
	defer source.Close()
	batch, err := source.Fetch(f.ctx)
	if err != nil || batch.Gap != nil {
		f.t.Fatalf("got %+v, %v; want no gap", batch, err)
	}
	return batch
}

func madeAnewAndGrown(t *testing.T, f *fixture) {
	f.createTopic(f.cfg.Keyed, 1)
	anchor := f.read(0)
	f.remake(f.cfg.Keyed, 1)
	f.produce(f.newClient(), other(f.cfg.Keyed, 0, 25)...)
	f.checkOther(0, 10, anchor, stream.GapError{Asked: 10, Last: 25, Anew: true}, 0)
}

func madeAnewAndShort(t *testing.T, f *fixture) {
	f.createTopic(f.cfg.Keyed, 1)
	anchor := f.read(0)
	f.remake(f.cfg.Keyed, 1)
	f.produce(f.newClient(), other(f.cfg.Keyed, 0, 5)...)
	f.checkOther(0, 10, anchor, stream.GapError{Asked: 10, Last: 5, Anew: true}, 0)
}

func madeAnewMeanwhile(t *testing.T, f *fixture) {
	f.createTopic(f.cfg.Keyed, 1)
	f.produce(f.client, numbered(f.cfg.Keyed, 0, 0, 10)...)
	failed := make(chan error, 1000)
	source := f.connect(&stream.Observer{
		FetchError: func(_ string, _ int, err error, _ time.Duration) { failed <- err },
	}).Open(0, 0, pipeline.Anchor{})
	defer source.Close()
	f.fetchUntil(source, 10)
	f.deleteTopic(f.cfg.Keyed)
	ended := make(chan error, 1)
	go func() {
		for {
			if batch, err := source.Fetch(f.ctx); err != nil || len(batch.Records) > 0 {
				ended <- err
				return
			}
		}
	}()
	_ = await(f, failed, "the source to notice that the topic is gone")
	f.createTopic(f.cfg.Keyed, 1)
	f.produce(f.newClient(), other(f.cfg.Keyed, 0, 25)...)
	var gap *stream.GapError
	if err := await(f, ended, "the gap"); !errors.As(err, &gap) || !gap.Anew || gap.Asked != 10 {
		t.Errorf("got %v; want a gap at offset 10", err)
	}
}

func madeAnewUnread(t *testing.T, f *fixture) {
	f.createTopic(f.cfg.Keyed, 1)
	anchor := f.checkSame(0, -1, pipeline.Anchor{}).Anchor
	f.remake(f.cfg.Keyed, 1)
	f.produce(f.newClient(), other(f.cfg.Keyed, 0, 5)...)
	if batch := f.checkSame(0, 0, anchor); batch.Anchor.Topic == anchor.Topic || len(batch.Records) == 0 {
		t.Errorf("got %+v; the topic before had the id %s", batch, anchor.Topic)
	}
}

func broughtBack(t *testing.T, f *fixture) {
	f.createTopic(f.cfg.Keyed, 1)
	anchor := f.read(0)
	f.remake(f.cfg.Keyed, 1)
	f.produce(f.newClient(), numbered(f.cfg.Keyed, 0, 0, 25)...)
	if batch := f.checkSame(0, 10, anchor); batch.Anchor.Topic == anchor.Topic || len(batch.Records) == 0 || batch.Records[0].Offset != 10 {
		t.Errorf("got %+v; the topic before had the id %s", batch, anchor.Topic)
	}
}

// No broker loses its end on demand, so another partition stands for what it
// has become: it has the same id and other records.
func endLost(t *testing.T, f *fixture) {
	f.createTopic(f.cfg.Keyed, 2)
	anchor := f.read(0)
	f.produce(f.client, other(f.cfg.Keyed, 1, 25)...)
	f.checkOther(1, 10, anchor, stream.GapError{Asked: 10, Last: 25, Cut: true}, 10)
}

func markerInPlace(t *testing.T, f *fixture) {
	f.createTopic(f.cfg.Keyed, 2)
	anchor := f.read(0)
	producer := f.newClient(kgo.TransactionalID(f.cfg.Keyed))
	for range 3 {
		if err := producer.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		f.produce(producer, numbered(f.cfg.Keyed, 1, 0, 4)...)
		if err := producer.EndTransaction(f.ctx, kgo.TryCommit); err != nil {
			t.Fatal(err)
		}
	} // markers at 4, 9 and 14
	f.fetchUntil(f.connect(nil).Open(1, 0, pipeline.Anchor{}), 15)
	f.checkOther(1, 10, anchor, stream.GapError{Asked: 10, Last: 15, Cut: true}, 10)
	behind := f.anchor(1, 15)
	if behind.Offset != 13 {
		t.Errorf("the anchor behind a marker is %+v", behind)
	}
	f.checkSame(1, 15, behind)
}

func recordRetained(t *testing.T, f *fixture) {
	f.createTopic(f.cfg.Keyed, 1)
	anchor := f.read(0)
	f.deleteBefore(f.cfg.Keyed, 0, 10)
	if batch := f.checkSame(0, 10, anchor); batch.Anchor != anchor {
		t.Errorf("the anchor was %+v and is %+v", anchor, batch.Anchor)
	}
}

func takesWhatItFinds(t *testing.T, f *fixture) {
	f.createTopic(f.cfg.Keyed, 1)
	anchor := f.read(0)
	if batch := f.checkSame(0, 10, pipeline.Anchor{}); batch.Anchor != anchor || anchor.Topic == "" || anchor.Offset != 9 {
		t.Errorf("found %+v, want %+v", batch.Anchor, anchor)
	}
}

// Kafka forgets the offsets of a group with its topic.
func forgotten(t *testing.T, f *fixture) {
	f.createTopic(f.cfg.Keyed, 1)
	anchor := f.read(0)
	if batch := f.checkSame(0, -1, anchor); len(batch.Records) == 0 || batch.Records[0].Offset != 0 {
		t.Errorf("got %+v; want the first record of the same log", batch)
	}
	f.remake(f.cfg.Keyed, 1)
	f.produce(f.newClient(), other(f.cfg.Keyed, 0, 3)...)
	f.checkOther(0, -1, anchor, stream.GapError{Asked: 10, Last: 3, Anew: true}, 0)
}

// Brokers without ids of topics leave the record to tell. Whether the topic
// was made anew or cut nobody knows then, and nothing is read twice.
func TestAnchorsWithoutTopicIDs(t *testing.T) {
	kafka.Beside(t)
	f := newFixture(t, kafka.StartFakeFor(t, kfake.MaxVersions(kversion.V2_7_0())))
	f.createTopic(f.cfg.Keyed, 1)
	anchor := f.read(0)
	if anchor.Topic != "" || anchor.Sum == 0 {
		t.Errorf("the anchor is %+v", anchor)
	}
	f.checkSame(0, 10, anchor)
	f.remake(f.cfg.Keyed, 1)
	f.produce(f.newClient(), other(f.cfg.Keyed, 0, 25)...)
	f.checkOther(0, 10, anchor, stream.GapError{Asked: 10, Last: 25, Cut: true}, 10)
}
