package metamorphic

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"muster/event"
	"muster/pipeline"
	"muster/pipeline/memory"
	"muster/rules"
	"muster/stream"
)

const shards = 8

const week = 7 * 24 * 60 * 60 * 1000 // milliseconds

// TestOnePartitionOrEight takes histories whose arrivals don't go backwards:
// a shard knows only its own, so it can't hold back what came too early
// somewhere else.
func TestOnePartitionOrEight(t *testing.T) {
	forward := long
	forward.forward = true
	each(t, forward, func(t *testing.T, h *history) {
		p := partitioner(t, shards)
		h.groups = append(h.groups, last(p, h.end()+5*week)...)
		store := memory.New()
		runShards(t, h.set, store, p, scatter(p, h.groups))
		logs := make([][]pipeline.Change, shards)
		for shard := range logs {
			if logs[shard] = store.Outbox(shard); len(logs[shard]) == 0 {
				t.Errorf("nothing happens in shard %d", shard)
			}
		}
		one := replay(t, h.set, h.records())
		mustEqual(t, ordered(logs...), ordered(one.changes))
	})
}

func partitioner(t *testing.T, shards int) *stream.Partitioner {
	t.Helper()
	p, err := stream.NewPartitioner(stream.Murmur2, shards)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// last returns one record for every shard, of a profile that nothing else is
// known of, that moves the shard's clock to at.
func last(p *stream.Partitioner, at int64) [][]event.Event {
	groups := make([][]event.Event, p.Shards())
	for found, i := 0, 0; found < len(groups); i++ {
		id := fmt.Sprintf("z%02d", i)
		if shard := p.Partition(id); groups[shard] == nil {
			groups[shard] = []event.Event{{Type: event.Alias, Profile: id, Time: at, Arrival: at}}
			found++
		}
	}
	return groups
}

// scatter returns the log of every partition.
func scatter(p *stream.Partitioner, groups [][]event.Event) [][]pipeline.Record {
	apart := make([][][]event.Event, p.Shards())
	for _, group := range groups {
		shard := p.Partition(group[0].Profile)
		apart[shard] = append(apart[shard], group)
	}
	logs := make([][]pipeline.Record, len(apart))
	for shard := range apart {
		logs[shard] = spell(apart[shard])
	}
	return logs
}

// runShards lets one worker run all shards at once.
func runShards(t *testing.T, set *rules.Set, store pipeline.Store, p *stream.Partitioner, logs [][]pipeline.Record) {
	worker := newWorker(t, set, store, nil, 0)
	worker.Owner = p.Partition
	worker.Open = func(_ context.Context, partition int, offset int64, _ pipeline.Anchor) (pipeline.Source, error) {
		return &tape{records: logs[partition], size: 20, next: offset}, nil
	}
	var running sync.WaitGroup
	for shard := range logs {
		running.Go(func() {
			if err := worker.Run(t.Context(), shard); !errors.Is(err, errEnd) {
				t.Errorf("running shard %d: %v", shard, err)
			}
		})
	}
	running.Wait()
}
