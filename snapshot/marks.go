package snapshot

import (
	"context"
	"sync"
	"time"

	"muster/pipeline"
	"muster/rules"
	"muster/sink"
)

// Kept says since when shards keep what they keep.
type Kept interface {
	Glances(ctx context.Context) ([]sink.Glance, error)
	KeptSeries(ctx context.Context, shard int) (map[string]string, error)
}

// Marks is a Marker that reads what shards keep now and then, and not for each
// question. It is safe for concurrent use.
type Marks struct {
	from  Kept
	every time.Duration

	mu     sync.Mutex
	read   time.Time
	clocks []int64
	series []map[string]string // by shard
}

// NewMarks returns Marks that read again what is so old.
func NewMarks(from Kept, c Config) *Marks { return &Marks{from: from, every: c.Staleness} }

// LacksOfDraft implements Marker.
func (m *Marks) LacksOfDraft(ctx context.Context, shard int, set *rules.Set) ([]pipeline.Mark, error) {
	if len(set.Schema().Series) == 0 {
		return nil, nil // it counts no events
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Since(m.read) >= m.every {
		if err := m.refresh(ctx); err != nil {
			return nil, err
		}
	}
	return pipeline.LacksOfDraft(set, m.series[shard], m.clocks[shard]), nil
}

// refresh reads what all shards keep.
func (m *Marks) refresh(ctx context.Context) error {
	glances, err := m.from.Glances(ctx)
	if err != nil {
		return err
	}
	clocks, series := make([]int64, len(glances)), make([]map[string]string, len(glances))
	for shard, seen := range glances {
		clocks[shard] = seen.Clock
		if series[shard], err = m.from.KeptSeries(ctx, shard); err != nil {
			return err
		}
	}
	m.read, m.clocks, m.series = time.Now(), clocks, series
	return nil
}
