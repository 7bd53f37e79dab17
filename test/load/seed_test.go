package load

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"golang.org/x/sync/errgroup"

	"muster/pipeline"
	"muster/sink"
	"muster/stream"
)

// A commit begins at most birthBatch profiles, and fewer where they enter so
// many segments that Redis would have to take too much at once.
const (
	birthBatch   = 2000
	birthEntries = 10_000_000 // profiles of a batch times segments
)

// births is a Source of one shard whose records begin its profiles. All of
// them stand at the offset before that of the first event on the topic.
type births struct {
	traffic *traffic
	owner   func(string) int
	shard   int
	number  int // of the next profile
	all     int
	batch   int // profiles in a batch
	ended   context.CancelFunc
}

// Fetch implements pipeline.Source.
func (b *births) Fetch(ctx context.Context) (pipeline.Batch, error) {
	batch := pipeline.Batch{}
	for ; b.number < b.all && len(batch.Records) < b.batch; b.number++ {
		if b.owner(profileID(b.number)) == b.shard {
			m := b.traffic.birth(b.number)
			batch.Records = append(batch.Records, pipeline.Record{Key: []byte(m.profile), Value: m.value})
		}
	}
	if len(batch.Records) == 0 {
		b.ended() // a Worker finishes what is at hand
		<-ctx.Done()
		return batch, ctx.Err()
	}
	return batch, nil
}

// Close implements pipeline.Source.
func (b *births) Close() error { return nil }

// seed begins all profiles of a population under a case's rules, by the
// product's own Worker, with the offset at which the topic begins.
func seed(t testing.TB, k *keeper, p population, s *segmentation) error {
	t.Helper()
	shards := k.shards
	store := openStore(t, k.server.Address)
	defer store.Close()
	if err := store.Init(t.Context(), shards); err != nil {
		return err
	}
	partitioner, err := stream.NewPartitioner(stream.Murmur2, shards)
	if err != nil {
		return err
	}
	parts, ctx := errgroup.WithContext(t.Context())
	for shard := range shards {
		ctx, ended := context.WithCancel(ctx)
		source := &births{
			traffic: newTraffic(p), owner: partitioner.Partition, shard: shard, all: p.profiles, ended: ended,
			batch: min(birthBatch, birthEntries/max(1, s.set.Len())),
		}
		w := &pipeline.Worker{
			Config: pipeline.Default(), Rules: pipeline.NewLive(s.set), Store: store, Dead: refuse{}, Topic: "births",
			Owner: partitioner.Partition, Wall: func() int64 { return 0 },
			Open: func(context.Context, int, int64, pipeline.Anchor) (pipeline.Source, error) { return source, nil },
		}
		parts.Go(func() error {
			defer ended()
			return w.Run(ctx, shard)
		})
	}
	return parts.Wait()
}

func openStore(t testing.TB, address string) *sink.Store {
	t.Helper()
	cfg := sink.Default()
	cfg.Addresses = []string{address}
	store, err := sink.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// refuse is a DeadLetters that must stay empty.
type refuse struct{}

func (refuse) Write(_ context.Context, letters []pipeline.DeadLetter) error {
	return fmt.Errorf("there is a dead letter: %w", errors.New(letters[0].Reason))
}
