package publication

import (
	"context"
	"fmt"
	"time"
)

// The pauses between looking, each twice the one before.
const (
	firstPause = 5 * time.Millisecond
	mostPause  = 500 * time.Millisecond
)

// await waits until done says so of every shard, given the next offset that
// the shard will apply, at least 0. A shard that stands still for longer than
// Config.Patience is an error.
func (p *Publication) await(ctx context.Context, done func(shard int, offset int64) (bool, error)) error {
	defer p.board.note(func(now *Progress) { now.Waiting = "" })
	left := make([]int, p.target.Count)
	for shard := range left {
		left[shard] = shard
	}
	last, moved := make([]int64, len(left)), make([]time.Time, len(left))
	for pause := firstPause; ; pause = min(2*pause, mostPause) {
		offsets, err := p.offsets(ctx)
		if err != nil {
			return err
		}
		waiting := left[:0]
		for _, shard := range left {
			ok, err := done(shard, offsets[shard])
			if err != nil {
				return err
			}
			if !ok {
				waiting = append(waiting, shard)
			}
		}
		if left = waiting; len(left) == 0 {
			return nil
		}
		now := p.target.Clock.Now()
		for _, shard := range left {
			if moved[shard].IsZero() || offsets[shard] != last[shard] {
				last[shard], moved[shard] = offsets[shard], now
			} else if now.Sub(moved[shard]) > p.config.Patience {
				return fmt.Errorf("shard %d stands still at offset %d for %s: is there an evaluator that owns it? "+
					"Start again when there is, and this goes on where it was", shard, last[shard], p.config.Patience)
			}
		}
		p.board.note(func(now *Progress) { now.Waiting = fmt.Sprintf("shard %d", left[0]) })
		if err := p.target.Clock.Wait(ctx, pause); err != nil {
			return err
		}
	}
}

// offsets returns the next offset that each shard will apply.
func (p *Publication) offsets(ctx context.Context) ([]int64, error) {
	offsets, err := p.target.Log.Offsets(ctx)
	if err != nil {
		return nil, err
	}
	if len(offsets) != p.target.Count {
		return nil, fmt.Errorf("there are %d shards now, and there were %d: %w", len(offsets), p.target.Count, ErrAnew)
	}
	for i := range offsets {
		offsets[i] = max(0, offsets[i])
	}
	return offsets, nil
}
