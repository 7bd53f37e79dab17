package snapshot

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"
	"golang.org/x/sync/errgroup"
)

// Columns hold, of the profiles of a deployment or a random sample of them, who
// is in each segment as the store has it, and the values of some traits. They
// answer at once what a Snapshot would have to decode every profile for. They
// are immutable and safe for concurrent use.
type Columns struct {
	shards   []shard
	held     int64
	all      int64
	bytes    int64
	segments []segmentColumn // in the order of their ids
	traits   []*TraitColumn
	rules    []Audience
}

// segmentColumn is who is in a segment.
type segmentColumn struct {
	id      string
	members *roaring.Bitmap
}

// Held is how many profiles are held.
func (c *Columns) Held() int64 { return c.held }

// All is how many profiles the deployment has.
func (c *Columns) All() int64 { return c.all }

// Bytes is what the columns take, about.
func (c *Columns) Bytes() int64 { return c.bytes }

// Segments lists the ids of all segments that a shard knows, in order. A
// segment that was deleted is known still, without members.
func (c *Columns) Segments() []string {
	ids := make([]string, len(c.segments))
	for i := range c.segments {
		ids[i] = c.segments[i].id
	}
	return ids
}

// Sizes are how many are held of each segment, in the order of Segments.
func (c *Columns) Sizes() []int64 {
	sizes := make([]int64, len(c.segments))
	for i := range c.segments {
		sizes[i] = int64(c.segments[i].members.GetCardinality())
	}
	return sizes
}

// Traits are the columns of the traits that were asked for, in their order.
func (c *Columns) Traits() []*TraitColumn { return c.traits }

// Rules are who is in the rules that were asked for, in their order.
func (c *Columns) Rules() []Audience { return c.rules }

// Everybody is all profiles that are held.
func (c *Columns) Everybody() Audience {
	all := roaring.New()
	all.AddRange(0, uint64(c.held))
	return Audience{all}
}

// Members is who is in a segment, and false where no shard knows it.
func (c *Columns) Members(segment string) (Audience, bool) {
	i, found := slices.BinarySearchFunc(c.segments, segment, func(one segmentColumn, id string) int { return strings.Compare(one.id, id) })
	if !found {
		return Audience{}, false
	}
	return Audience{c.segments[i].members}, true
}

// Estimate is how many of all profiles some of those that are held stand for.
func (c *Columns) Estimate(found int64) Band { return BandOf(found, c.held, c.all) }

// Lacks lists what a rule lacks, as that of a Snapshot.
func (c *Columns) Lacks(ctx context.Context, q *Question, from Marker) ([]Lack, error) {
	return (&Snapshot{shards: c.shards}).Lacks(ctx, q, from)
}

// stretchOfColumns is how many columns a processor takes at once.
const stretchOfColumns = 64

// Count counts, for each segment in the order of Segments, how many of an
// audience are members. It uses all processors.
func (c *Columns) Count(ctx context.Context, of Audience) ([]int64, error) {
	counts := make([]int64, len(c.segments))
	var next atomic.Int64
	work, ctx := errgroup.WithContext(ctx)
	for range runtime.GOMAXPROCS(0) {
		work.Go(func() error {
			for ctx.Err() == nil {
				end := int(next.Add(stretchOfColumns))
				begin := end - stretchOfColumns
				if begin >= len(counts) {
					return nil
				}
				for i := begin; i < min(end, len(counts)); i++ {
					counts[i] = int64(c.segments[i].members.AndCardinality(of.places))
				}
			}
			return ctx.Err()
		})
	}
	if err := work.Wait(); err != nil {
		return nil, err
	}
	return counts, nil
}
