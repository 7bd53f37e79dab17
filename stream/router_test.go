package stream_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"muster/event"
	"muster/stream"
	"muster/test/kit/kafka"
)

func newSplitter() (stream.Splitter, error) { return event.NewDecoder(event.Default()) }

// track returns a source record of one event.
func track(topic string, partition int32, profile string, number int) *kgo.Record {
	return &kgo.Record{
		Topic: topic, Partition: partition, Key: []byte("any"),
		Timestamp: time.UnixMilli(1_700_000_000_000 + int64(number)),
		Value:     fmt.Appendf(nil, `{"type":"track","event":"Seen","userId":%q,"messageId":"%s-%d"}`, profile, profile, number),
	}
}

// route runs a router until the returned func is called, which waits for its end.
func (f *fixture) route(c *stream.Cluster) (stop func()) {
	f.t.Helper()
	return f.routeBy(c, nil)
}

// routeBy is route with a place for anchors.
func (f *fixture) routeBy(c *stream.Cluster, anchors stream.Anchors) (stop func()) {
	f.t.Helper()
	ctx, cancel := context.WithCancel(f.ctx)
	shards, err := c.Partitions(ctx)
	if err != nil {
		f.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		router := c.Router(shards, newSplitter)
		router.Anchors = anchors
		err := router.Run(ctx)
		if err != nil {
			f.t.Errorf("running router: %v", err) // now, when somebody may be waiting for records
		}
		ended <- err
	}()
	return func() {
		f.t.Helper()
		cancel()
		_ = await(f, ended, "the router to end") // already reported
	}
}

// counter returns an observer that sends the number of source records routed so far.
func counter() (*stream.Observer, chan int) {
	routed := make(chan int, 100_000)
	return &stream.Observer{Routed: func(_ string, _, records, _ int) { routed <- records }}, routed
}

func awaitSum(f *fixture, routed <-chan int, want int) {
	f.t.Helper()
	for sum := 0; sum < want; {
		sum += await(f, routed, fmt.Sprintf("%d of %d records", want-sum, want))
	}
}

// checkRouted checks that every profile's events 0 to n-1 are on the
// profile's own partition, in order, with key and time; an event may be
// there again when repeats are allowed.
func checkRouted(t *testing.T, f *fixture, partitioner string, profiles, events int, repeats bool) {
	t.Helper()
	shards, err := f.connect(nil).Partitions(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	p, err := stream.NewPartitioner(partitioner, shards)
	if err != nil {
		t.Fatal(err)
	}
	next := map[string]int{}
	for partition := range shards {
		for _, r := range f.readAll("keyed", int32(partition)) {
			profile := string(r.Key)
			number := int(r.Timestamp.UnixMilli() - 1_700_000_000_000)
			if p.Partition(profile) != partition {
				t.Fatalf("profile %s is on partition %d", profile, partition)
			}
			if string(r.Value) != string(track("", 0, profile, number).Value) {
				t.Fatalf("event %d of %s is %s", number, profile, r.Value)
			}
			switch {
			case number == next[profile]:
				next[profile]++
			case number > next[profile] || !repeats:
				t.Fatalf("event %d of %s comes when %d is due", number, profile, next[profile])
			}
		}
	}
	for i := range profiles {
		if profile := fmt.Sprintf("p%d", i); next[profile] != events {
			t.Errorf("profile %s has %d events", profile, next[profile])
		}
	}
}

// sourceRecords returns events of profiles, each profile on one partition of one source.
func sourceRecords(profiles, events int) []*kgo.Record {
	var records []*kgo.Record
	for number := range events {
		for i := range profiles {
			records = append(records, track([]string{"web", "app"}[i%2], int32(i%3), fmt.Sprintf("p%d", i), number))
		}
	}
	return records
}

func (f *fixture) routing() {
	f.t.Helper()
	f.cfg.Sources = []string{"web", "app"}
	f.createTopic("web", 3)
	f.createTopic("app", 3)
	if _, err := f.connect(nil).Init(f.ctx, 8, 1); err != nil {
		f.t.Fatal(err)
	}
}

func TestRouterKeepsOrderAndTime(t *testing.T) {
	f := newFixture(t, kafka.Start(t))
	f.cfg.Partitioner = stream.CRC32
	f.routing()
	f.produce(f.client, sourceRecords(30, 100)...)
	observer, routed := counter()
	stop := f.route(f.connect(observer))
	awaitSum(f, routed, 3000)
	stop()
	checkRouted(t, f, stream.CRC32, 30, 100, false)
	if got := f.committed("workers-router", "web", 0); got != f.end("web", 0) {
		t.Errorf("the router's offset is %d of %d", got, f.end("web", 0))
	}
}

// Two routers share the sources, the first one leaves in the middle.
func TestRouterHandsOver(t *testing.T) {
	f := newFixture(t, kafka.Start(t))
	f.routing()
	observer, routed := counter()
	stopFirst := f.route(f.connect(observer))
	records := sourceRecords(30, 100)
	f.produce(f.client, records[:1000]...)
	awaitSum(f, routed, 1000)
	stopSecond := f.route(f.connect(observer))
	f.produce(f.client, records[1000:2000]...)
	stopFirst()
	f.produce(f.client, records[2000:]...)
	for partition := range int32(3) {
		for _, topic := range f.cfg.Sources {
			f.awaitCommitted(topic, partition, f.end(topic, partition))
		}
	}
	stopSecond()
	checkRouted(t, f, stream.Murmur2, 30, 100, true)
}

func (f *fixture) awaitCommitted(topic string, partition int32, want int64) {
	f.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for f.committed(f.cfg.Group+"-router", topic, partition) != want {
		await(f, tick.C, "the router's offset")
	}
}

// A router that dies before its commits has its records routed again by the
// next one, and one that ends after its commits has not.
func TestRouterIsAtLeastOnce(t *testing.T) {
	broker := kafka.StartFakeFor(t)
	f := newFixture(t, broker)
	f.routing()
	f.produce(f.client, sourceRecords(30, 10)...)
	noCommits := broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Err: kerr.NotCoordinator, Count: -1})
	for range 2 {
		observer, routed := counter()
		failed := make(chan error, 1000)
		observer.CommitError = func(_ string, err error) { failed <- err }
		stop := f.route(f.connect(observer))
		awaitSum(f, routed, 300)
		_ = await(f, failed, "the failed commit to be reported")
		stop()
	}
	noCommits.Remove()
	observer, routed := counter()
	stop := f.route(f.connect(observer))
	awaitSum(f, routed, 300)
	stop()
	if total := f.keyedRecords(); total != 900 {
		t.Errorf("%d records after three runs, two of them without a commit", total)
	}
	checkRouted(t, f, stream.Murmur2, 30, 10, true)

	f.produce(f.client, track("web", 0, "p0", 10))
	stop = f.route(f.connect(observer))
	awaitSum(f, routed, 1)
	stop()
	if total := f.keyedRecords(); total != 901 {
		t.Errorf("%d records after a run behind the commit", total)
	}
}

func (f *fixture) keyedRecords() (total int64) { return f.keyedOf(8) }

func (f *fixture) keyedOf(partitions int32) (total int64) {
	for partition := range partitions {
		total += f.end("keyed", partition)
	}
	return total
}

// Failed produce calls are repeated in place: no record is lost or overtaken.
// One whose answer is lost is there twice.
func TestRouterRepeatsFailedProduces(t *testing.T) {
	for _, failure := range []*kerr.Error{kerr.NotLeaderForPartition, kerr.NotEnoughReplicasAfterAppend} {
		t.Run(failure.Message, func(t *testing.T) {
			broker := kafka.StartFakeFor(t)
			f := newFixture(t, broker)
			f.routing()
			f.produce(f.client, sourceRecords(30, 100)...)
			broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "keyed", Err: failure, Count: 5})
			observer, routed := counter()
			failed, settled := make(chan int, 100), make(chan int, 100)
			observer.ProduceError = func(_ string, partition int, _ error, _ time.Duration) { failed <- partition }
			observer.ProduceSettled = func(_ string, partition int) { settled <- partition }
			stop := f.route(f.connect(observer))
			awaitSum(f, routed, 3000)
			stop()
			if len(failed) != 5 || len(settled) == 0 || len(settled) > 5 {
				t.Errorf("%d failures reported, %d settled", len(failed), len(settled))
			}
			if got, want := distinct(settled), distinct(failed); !slices.Equal(got, want) {
				t.Errorf("writing to partitions %v settled, it failed to %v", got, want)
			}
			checkRouted(t, f, stream.Murmur2, 30, 100, errors.Is(failure, kerr.NotEnoughReplicasAfterAppend))
		})
	}
}

// distinct returns what waits in a channel, each once and in order.
func distinct(c chan int) []int {
	close(c)
	seen := map[int]bool{}
	for v := range c {
		seen[v] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

func TestRouterSplitsAndRejects(t *testing.T) {
	f := newFixture(t, kafka.Start(t))
	f.routing()
	f.produce(f.client,
		&kgo.Record{Topic: "web", Key: []byte("k0"), Value: []byte(`{"batch":[` +
			`{"type":"track","event":"A","userId":"u1","messageId":"1"},` +
			`{"type":"nonsense","userId":"u2"},` +
			`{"type":"track","event":"B","userId":"u3","messageId":"3"}]}`)},
		&kgo.Record{Topic: "web", Key: []byte("k1"), Value: nil},
		&kgo.Record{Topic: "web", Key: []byte("k2"), Value: []byte("not JSON")},
		track("web", 0, "u4", 0))
	observer, routed := counter()
	var tombstones atomic.Int64
	observer.Tombstones = func(_ string, _, records int) { tombstones.Add(int64(records)) }
	stop := f.route(f.connect(observer))
	awaitSum(f, routed, 4)
	stop()
	if total := f.keyedRecords(); total != 3 {
		t.Errorf("%d events", total)
	}
	letters := f.readAll("web.dead", 0)
	if tombstones.Load() != 1 {
		t.Errorf("%d tombstones", tombstones.Load())
	}
	if len(letters) != 2 {
		t.Fatalf("%d dead letters", len(letters))
	}
	for i, want := range []struct{ key, value, reason, offset string }{
		{"k0", `{"type":"nonsense","userId":"u2"}`, "type", "0"},
		{"k2", "not JSON", "", "2"},
	} {
		h := headers(letters[i])
		if string(letters[i].Key) != want.key || string(letters[i].Value) != want.value ||
			h["reason"] == "" || !strings.Contains(h["reason"], want.reason) ||
			h["topic"] != "web" || h["partition"] != "0" || h["offset"] != want.offset {
			t.Errorf("letter %d is %q %q %v", i, letters[i].Key, letters[i].Value, h)
		}
	}
}

func headers(r *kgo.Record) map[string]string {
	h := map[string]string{}
	for _, header := range r.Headers {
		h[header.Key] = string(header.Value)
	}
	return h
}

// An event that the keyed topic does not take is dead-lettered alone.
func TestRouterKeepsWhatTheTopicRefuses(t *testing.T) {
	f := newFixture(t, kafka.Start(t))
	f.cfg.Sources = []string{"web"}
	f.createTopic("web", 1)
	f.createTopic("keyed", 1, "max.message.bytes", "5000")
	if _, err := f.connect(nil).Init(f.ctx, 1, 1); err != nil {
		t.Fatal(err)
	}
	large := track("web", 0, "p0", 1)
	large.Value = fmt.Appendf(nil, `{"type":"track","event":"Seen","userId":"p0","messageId":"large","properties":{"x":"%s"}}`,
		strings.Repeat("x", 6000))
	for number := range 40 {
		f.produce(f.client, track("web", 0, "p0", number))
		if number == 20 {
			f.produce(f.client, large)
		}
	}
	observer, routed := counter()
	stop := f.route(f.connect(observer))
	awaitSum(f, routed, 41)
	stop()
	checkRouted(t, f, stream.Murmur2, 1, 40, false)
	letters := f.readAll("web.dead", 0)
	if len(letters) != 1 || string(letters[0].Value) != string(large.Value) || headers(letters[0])["offset"] != "21" {
		t.Fatalf("the dead letters are %v", letters)
	}
	if reason := headers(letters[0])["reason"]; !strings.Contains(reason, "topic keyed refused the event") {
		t.Errorf("the reason is %q", reason)
	}
}

func TestRouterNeedsItsTopics(t *testing.T) {
	kafka.Beside(t)
	f := newFixture(t, kafka.StartFakeFor(t))
	if err := f.connect(nil).Router(1, newSplitter).Run(f.ctx); err == nil {
		t.Error("a router runs without sources")
	}
	f.cfg.Sources = []string{"web"}
	if err := f.connect(nil).Router(1, newSplitter).Run(f.ctx); err == nil {
		t.Error("a router runs without the keyed topic")
	}
	f.createTopic("keyed", 1)
	if err := f.connect(nil).Router(1, newSplitter).Run(f.ctx); err == nil {
		t.Error("a router runs without its source topic")
	}
	if err := f.connect(nil).Router(2, newSplitter).Run(f.ctx); err == nil || !strings.Contains(err.Error(), "1 partitions for 2 shards") {
		t.Errorf("a router of more shards than there are partitions: %v", err)
	}
}

// Partitions that a source topic gets while it is read are read from their
// first record on, and those that the keyed topic gets are left alone: no
// shard is theirs.
func TestRouterReadsAddedPartitions(t *testing.T) {
	kafka.Beside(t)
	f := newFixture(t, kafka.Start(t))
	f.cfg.Sources = []string{"web"}
	f.createTopic("keyed", 4)
	f.createTopic("web", 1)
	observer, routed := counter()
	stop := f.route(f.connect(observer))
	defer stop()
	f.produce(f.client, track("web", 0, "before", 0))
	awaitSum(f, routed, 1)
	f.addPartitions("keyed", 16)
	f.addPartitions("web", 3)
	const profiles = 50
	var records []*kgo.Record
	for i := range profiles {
		records = append(records, track("web", int32(i%3), fmt.Sprintf("profile-%d", i), 0))
	}
	f.produce(f.newClient(), records...) // one that knows of the new partitions
	awaitSum(f, routed, profiles)
	p, err := stream.NewPartitioner(f.cfg.Partitioner, 4)
	if err != nil {
		t.Fatal(err)
	}
	got := 0
	for partition := range 16 {
		for _, r := range f.readAll("keyed", int32(partition)) {
			if p.Partition(string(r.Key)) != partition {
				t.Errorf("%s is on partition %d, its shard is %d", r.Key, partition, p.Partition(string(r.Key)))
			}
			got++
		}
	}
	if got != profiles+1 {
		t.Errorf("%d events were routed, want %d", got, profiles+1)
	}
}
