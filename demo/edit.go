package demo

import (
	"context"

	"muster/pipeline"
)

// Edit is a change of the segments while the demo runs.
type Edit struct {
	Words      string // what it did; "" for none
	Generation uint64 // of its rules, in every shard
	Shards     int
}

// Edited notes an edit. Of the sweeps, only those that it leads to are told
// from then on.
func (t *Tally) Edited(e Edit) { t.update(func(c *Counts) { c.Edit = e }) }

// AwaitEvents waits until so many records of the shop are done with. It
// reports false when ctx ends before.
func (t *Tally) AwaitEvents(ctx context.Context, n int) bool {
	return t.await(ctx, func(c *Counts) bool { return c.Committed+c.Dead >= n })
}

// AwaitSwept waits until there was an edit and every shard has looked at all
// its customers because of it, or ctx ends.
func (t *Tally) AwaitSwept(ctx context.Context) {
	t.await(ctx, func(c *Counts) bool { return c.Edit.Words != "" && c.sweep().Done })
}

// sweep adds up how far the sweeps of the edit are. Shards that have not taken
// the edit over have yet to count.
func (c *Counts) sweep() pipeline.Sweep {
	sum := pipeline.Sweep{Done: true}
	for shard := range c.Edit.Shards {
		one := c.sweeps[shard]
		if one.Generation < c.Edit.Generation {
			one = pipeline.Sweep{}
		}
		sum = sum.Plus(one)
	}
	return sum
}

// sweepWords says how far the sweeps of the edit are; "" before there is one.
func (c *Counts) sweepWords() string {
	if c.Edit.Words == "" {
		return ""
	}
	return c.Edit.Words + "; " + c.sweep().String()
}
