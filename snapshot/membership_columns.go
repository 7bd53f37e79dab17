package snapshot

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"muster/profile"
)

const (
	// besideColumn is what a column takes without a member, and besideContainer
	// what its members take beside their bits, for each 65,536 places.
	besideColumn    = 256
	besideContainer = 64
	// waitingPart is the part of the bound that memberships may take that are
	// not in their column yet. It is kept free for them.
	waitingPart = 32
	// waitingBytes is what one of them takes, with the room that lists have to grow.
	waitingBytes = 8
)

// columnBuilder makes columns of profiles that come in the order of the hash.
//
// Memberships come profile by profile and belong into columns: written there one
// by one, each would miss the caches. So they wait in a short list a segment and
// go into its bits together.
type columnBuilder struct {
	bound    int64
	bytes    int64 // of what is in the columns
	held     int
	waits    int64 // memberships that are in no column yet
	most     int64 // that may wait
	shards   []shard
	columnOf [][]int32 // by shard and number in its names, -1 for what is no segment
	segments []segmentColumn
	waiting  [][]uint32 // by column: places
	traits   []*TraitColumn
	block    *roaring.Bitmap // what one list makes, used again and again
}

// absentColumn stands for names that are no segment's.
const absentColumn = -1

func newColumnBuilder(shards []shard, traits []string, bound int64) *columnBuilder {
	b := &columnBuilder{bound: bound - bound/waitingPart, most: max(1, bound/waitingPart/waitingBytes), shards: shards, block: roaring.New()}
	var ids []string
	for i := range shards {
		for _, name := range shards[i].names {
			if id, ok := profile.SegmentName(name); ok {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	number := make(map[string]int32, len(ids))
	for i, id := range ids {
		number[id] = int32(i)
		b.segments = append(b.segments, segmentColumn{id, roaring.New()})
		b.bytes += besideColumn + int64(len(id))
	}
	for i := range shards {
		columns := make([]int32, len(shards[i].names))
		for k, name := range shards[i].names {
			columns[k] = absentColumn
			if id, ok := profile.SegmentName(name); ok {
				columns[k] = number[id]
			}
		}
		b.columnOf = append(b.columnOf, columns)
	}
	b.waiting = make([][]uint32, len(ids))
	for _, name := range traits {
		b.traits = append(b.traits, newTraitColumn(name))
	}
	return b
}

// take makes columns of profiles, of as many as fit the bound together with the
// profiles that are yet to be taken. With release it drops each profile that it
// has taken, and those at the end that don't fit.
func (b *columnBuilder) take(ctx context.Context, list []held, release bool) error {
	left := int64(0)
	for i := range list {
		if release {
			left += list[i].bytes()
		}
	}
	for end := len(list); b.held < end; {
		one := &list[b.held]
		if err := b.add(one); err != nil {
			return fmt.Errorf("reading a profile of shard %d: profile %q: %w", one.shard, one.id, err)
		}
		if release {
			left -= one.bytes()
			*one = held{}
		}
		if b.waits < b.most && b.held%stride != 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if b.waits >= b.most {
			b.flush()
		}
		for b.held < end && b.taken()+left > b.bound {
			if end--; release {
				left -= list[end].bytes()
				list[end] = held{}
			}
		}
	}
	b.flush()
	return nil
}

// taken is what the columns take so far.
func (b *columnBuilder) taken() int64 {
	n := b.bytes
	for _, one := range b.traits {
		n += one.bytes()
	}
	return n
}

// add takes in the next profile.
func (b *columnBuilder) add(one *held) error {
	columns, place := b.columnOf[one.shard], uint32(b.held)
	var unknown error
	err := profile.EachMember(one.blob, func(number uint64) {
		if number >= uint64(len(columns)) {
			unknown = fmt.Errorf("segment number %d is not among the shard's %d names", number, len(columns))
			return
		}
		if column := columns[number]; column != absentColumn {
			b.waiting[column] = append(b.waiting[column], place)
			b.waits++
		}
	})
	if err := cmp.Or(err, unknown); err != nil {
		return err
	}
	b.held++
	if len(b.traits) == 0 {
		return nil
	}
	traits, err := profile.TraitsOf(one.blob)
	if err != nil {
		return err
	}
	for _, column := range b.traits {
		column.add(traits.Get(column.path))
	}
	return nil
}

// flush brings the memberships that wait into their columns.
func (b *columnBuilder) flush() {
	for column, places := range b.waiting {
		if len(places) == 0 {
			continue
		}
		b.block.Clear()
		b.block.AddMany(places)
		b.block.RunOptimize()
		members := b.segments[column].members
		before := sizeOf(members)
		members.Or(b.block) // which copies, so that no room to grow is left
		b.bytes += sizeOf(members) - before
		b.waiting[column] = places[:0]
	}
	b.waits = 0
}

// sizeOf is what a column's bits take in memory, about.
func sizeOf(members *roaring.Bitmap) int64 {
	return int64(members.GetSizeInBytes() + besideContainer*members.Stats().Containers)
}

// columns returns what was made. Nothing can be added any more.
func (b *columnBuilder) columns(all int64) *Columns {
	b.waiting, b.columnOf = nil, nil
	b.bytes = 0
	for i := range b.segments {
		members := b.segments[i].members
		members.RunOptimize()
		b.bytes += besideColumn + int64(len(b.segments[i].id)) + sizeOf(members)
	}
	for _, one := range b.traits {
		one.codeOf, one.codes = nil, slices.Clip(one.codes)
	}
	return &Columns{shards: b.shards, held: int64(b.held), all: all, bytes: b.taken(), segments: b.segments, traits: b.traits}
}
