package snapshot

import (
	"context"
	"fmt"
	"time"

	"muster/sink"
)

// reread is a whole shard as it was read.
type reread struct {
	number int
	shard  shard
	place  sink.TrailPlace
	asOf   time.Time
	list   []held
	first  *held // that was left out, nil for none
	all    int64
	err    error
}

// beginReread begins to read a whole shard, if there is one to be read and none
// is being read: first those that never were.
func (f *Follower) beginReread(ctx context.Context) {
	if f.busy {
		return
	}
	chosen := nobody
	for number := range f.shards {
		one := &f.shards[number]
		if !one.along && time.Now().After(one.again) && (chosen == nobody || !one.filled && f.shards[chosen].filled) {
			chosen = number
		}
	}
	if chosen == nobody {
		return
	}
	f.busy, f.shards[chosen].again = true, time.Now().Add(f.rereadEvery)
	into := &holder{bound: f.book.bound, first: f.book.first}
	go func() { f.reading <- f.reread(ctx, chosen, into) }()
}

// reread reads a whole shard. Its trail is followed from where it was before.
func (f *Follower) reread(ctx context.Context, number int, into *holder) (r reread) {
	r.number, r.asOf = number, time.Now()
	if r.place, r.err = f.from.TrailEnd(ctx, number); r.err != nil {
		return r
	}
	slow := newPace(restAfterAll)
	if r.shard, r.err = readShard(ctx, f.from, number, into, func(int64) { slow.pause(ctx) }); r.err == nil {
		r.list, r.first, r.all = into.sorted(), into.first, into.all
	}
	return r
}

// takeReread takes over the shard that was read whole, if one was.
func (f *Follower) takeReread() error {
	var r reread
	select {
	case r = <-f.reading:
		f.busy = false
	default:
		return nil
	}
	one := &f.shards[r.number]
	if r.err != nil {
		one.again = time.Now().Add(f.every)
		return fmt.Errorf("reading shard %d whole: %w", r.number, r.err)
	}
	if one.filled {
		f.Rereads.Add(1)
	}
	if r.first != nil && f.book.wants(r.first) {
		f.book.first = r.first
	}
	f.book.put(r.list, int32(r.number))
	*one = followed{shard: r.shard, place: r.place, along: true, filled: true, asOf: r.asOf, all: r.all, again: one.again}
	return nil
}
