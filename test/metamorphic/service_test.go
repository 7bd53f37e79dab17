package metamorphic

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"muster/event"
	"muster/pipeline"
	"muster/pipeline/memory"
	"muster/stream"
	"muster/test/kit/generate"
)

// TestReplayEqualsService runs the service from a broker to a store, on a
// network and a clock that are made up: two evaluators share the partitions
// for a while, one comes late, the other leaves early. Records are produced
// when they arrive, so the wall clock is the one they were stamped by. The
// replay reads all of them from one file.
func TestReplayEqualsService(t *testing.T) {
	s := shape{rules: 25, profiles: 12, records: 120, forward: true, most: minute, single: true}
	each(t, s, func(t *testing.T, h *history) {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(time.UnixMilli(generate.Start)))
			w := newVirtual(t, h)
			h.groups = append(h.groups, last(w.partitioner, h.end()+30*minute)...)
			leaveFirst := w.join()
			third := len(h.groups) / 3
			w.produce(h.groups[:third])
			leaveSecond := w.join()
			w.produce(h.groups[third : 2*third])
			leaveFirst()
			w.produce(h.groups[2*third:])
			w.awaitCommitted()
			leaveSecond()
			end := h.end()
			got := slices.DeleteFunc(ordered(w.outboxes()...), func(c pipeline.Change) bool { return c.At > end })
			mustEqual(t, got, ordered(replay(t, h.set, h.records()).changes))
			if w.turns() < 3*shards/2 {
				t.Errorf("shards were taken over %d times: there was no rebalance", w.turns())
			}
		})
	})
}

// virtual is a broker, a store and the evaluators that join.
type virtual struct {
	t           *testing.T
	set         *history
	network     *kfake.VirtualNetwork
	broker      *kfake.Cluster
	client      *kgo.Client
	store       *memory.Store
	partitioner *stream.Partitioner

	mu       sync.Mutex
	produced map[int]int64 // by partition, the offset of the next record
	next     map[int]int64 // by partition, as committed to the store
	opened   int
}

func newVirtual(t *testing.T, h *history) *virtual {
	t.Helper()
	w := &virtual{
		t: t, set: h, network: &kfake.VirtualNetwork{}, store: memory.New(), partitioner: partitioner(t, shards),
		produced: map[int]int64{}, next: map[int]int64{},
	}
	var err error
	w.broker, err = kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(9092), kfake.ListenFn(w.network.Listen), kfake.SeedTopics(shards, "events"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.broker.Close)
	w.client, err = kgo.NewClient(kgo.SeedBrokers(w.broker.ListenAddrs()...), kgo.Dialer(w.network.DialContext), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.client.Close)
	return w
}

// produce sends every event at its arrival.
func (w *virtual) produce(groups [][]event.Event) {
	w.t.Helper()
	for i, record := range spell(groups) {
		time.Sleep(time.Until(time.UnixMilli(groups[i][0].Arrival)))
		partition := w.partitioner.Partition(groups[i][0].Profile)
		err := w.client.ProduceSync(w.t.Context(), &kgo.Record{Topic: "events", Partition: int32(partition), Key: record.Key, Value: record.Value}).FirstErr()
		if err != nil {
			w.t.Fatalf("producing: %v", err)
		}
		w.produced[partition]++
	}
}

// join starts an evaluator, and returns how it leaves in good order.
func (w *virtual) join() (leave func()) {
	w.t.Helper()
	cfg := stream.Default()
	cfg.Brokers, cfg.Keyed, cfg.Dial = w.broker.ListenAddrs(), "events", w.network.DialContext
	cfg.PollWait, cfg.HeartbeatInterval, cfg.SessionTimeout = 10*time.Second, 10*time.Second, time.Minute // seldom, to be quick
	cluster, err := stream.Connect(cfg, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	group := cluster.Group()
	worker := newWorker(w.t, w.set.set, w.store.Share(), nil, 0)
	worker.Config.CacheBytes, worker.Owner, worker.Hint = tinyCache, w.partitioner.Partition, w.committed
	worker.Wall = func() int64 { return time.Now().UnixMilli() }
	worker.Observer.Opened = func(int, pipeline.State) { w.took() }
	worker.Open = func(_ context.Context, partition int, offset int64, anchor pipeline.Anchor) (pipeline.Source, error) {
		return cluster.Open(partition, offset, anchor), nil
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- group.Run(ctx, worker.Run) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("running the group: %v", err)
		}
		cluster.Close()
	})
}

func (w *virtual) took() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.opened++
}

// turns is how often a shard was taken over.
func (w *virtual) turns() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.opened
}

func (w *virtual) committed(partition int, next int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next[partition] = next
}

// awaitCommitted returns when everything produced is in the store.
func (w *virtual) awaitCommitted() {
	w.t.Helper()
	for range 600 {
		w.mu.Lock()
		done := maps.Equal(w.next, w.produced)
		w.mu.Unlock()
		if done {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	w.t.Fatalf("a minute later only %v of %v is committed", w.next, w.produced)
}

func (w *virtual) outboxes() [][]pipeline.Change {
	logs := make([][]pipeline.Change, shards)
	for shard := range logs {
		logs[shard] = slices.Clone(w.store.Outbox(shard))
	}
	return logs
}
