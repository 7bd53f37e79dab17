package snapshot

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"muster/sink"
)

// Trail says which profiles the shards have touched.
type Trail interface {
	TrailEnd(ctx context.Context, shard int) (sink.TrailPlace, error)
	Trails(ctx context.Context, behind map[int]sink.TrailPlace) (map[int]sink.Trail, error)
	SomeProfiles(ctx context.Context, shard int, profiles []string) ([]string, error)
}

// Shards says how far shards are.
type Shards interface {
	Glances(ctx context.Context) ([]sink.Glance, error)
	Names(ctx context.Context, shard, first int) ([]string, error)
	CountProfiles(ctx context.Context, shard int) (int64, error)
}

// Followed is what a Follower reads.
type Followed interface {
	Source
	Trail
	Shards
}

// Fresh is a Snapshot that was followed.
type Fresh struct {
	*Snapshot
	// AsOf is when it was known to have all that was committed, by the clock of
	// this process.
	AsOf time.Time
}

// Follower keeps a Snapshot fresh. It reads all profiles once, shard by shard,
// and then those again that a shard's trail says were touched. Where the trail
// does not tell, it reads the whole shard anew, and the shard's profiles are as
// they were meanwhile.
//
// It rests as long as it reads, and three times as long where it reads whole
// shards, so that evaluators find Redis free: with more to read the Snapshot
// grows older, and nobody else slower.
type Follower struct {
	from   Followed
	every  time.Duration
	failed func(error) error

	book    book
	shards  []followed
	reading chan reread // the outcome of reading a whole shard, one at a time
	busy    bool        // whether one is being read
	counted time.Time   // when all profiles were counted last

	rereadEvery, countEvery time.Duration // variables for tests

	fresh   atomic.Pointer[Fresh]
	Touched atomic.Int64 // profiles that were read again
	Rereads atomic.Int64 // shards that were read whole, once more than at first
}

// followed is a shard that is followed.
type followed struct {
	shard
	place  sink.TrailPlace
	along  bool      // whether place is good; else the shard is to be read whole
	filled bool      // whether its profiles were ever read
	asOf   time.Time // since when more may be missing
	all    int64     // its profiles, when they were counted last
	again  time.Time // not before it is read whole
}

const (
	// turnsWithin is how many looks for news there are within the staleness: the
	// rest is for reading what there is.
	turnsWithin = 5
	// restAfterSome and restAfterAll are how many times as long as reading it
	// rests: behind profiles that were touched, and within a whole shard.
	restAfterSome, restAfterAll = 1, 3
	// someAtOnce is how many touched profiles one pipeline reads.
	someAtOnce = 500
	// rereadEvery is how often a shard whose trail does not tell is read whole.
	rereadEvery = time.Minute
	// countEvery is how often profiles are counted where not all are held.
	countEvery = 30 * time.Second
)

// NewFollower returns a Follower. Run it. failed is told when something can't be
// read: it is tried again, or ends Run with the error that failed returns.
func NewFollower(from Followed, c Config, failed func(error) error) *Follower {
	return &Follower{
		from: from, every: c.Staleness / turnsWithin, failed: failed, book: book{bound: c.Memory}, reading: make(chan reread, 1),
		rereadEvery: rereadEvery, countEvery: countEvery,
	}
}

// Current is the newest Snapshot, nil until every shard was read.
func (f *Follower) Current() *Fresh { return f.fresh.Load() }

// progress is how many shards were read of how many, 0 of 0 at the beginning.
func (f *Follower) progress() (filled, shards int) {
	for i := range f.shards {
		if f.shards[i].filled {
			filled++
		}
	}
	return filled, len(f.shards)
}

// Run follows until ctx ends.
func (f *Follower) Run(ctx context.Context) error {
	tick := time.NewTicker(f.every)
	defer tick.Stop()
	for {
		more, err := f.turn(ctx)
		if err != nil && ctx.Err() == nil {
			err = f.failed(err)
		}
		if ctx.Err() != nil || err != nil {
			f.settle()
			return endedBy(ctx, err)
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		case one := <-f.reading:
			f.reading <- one // there is room: this is the only one
		}
	}
}

// endedBy forgives an error that came after ctx had ended.
func endedBy(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// settle waits for the shard that is being read.
func (f *Follower) settle() {
	if f.busy {
		<-f.reading
	}
}

// turn takes over what is new, and reports whether there is more.
func (f *Follower) turn(ctx context.Context) (more bool, err error) {
	_, shards, err := f.from.Layout(ctx)
	if err != nil {
		return false, err
	}
	if f.shards == nil {
		f.shards = make([]followed, shards)
	}
	if err := f.takeReread(); err != nil {
		return false, err
	}
	if more, err = f.goAlong(ctx); err != nil {
		return false, err
	}
	if err := f.count(ctx); err != nil {
		return false, err
	}
	if err := f.publish(ctx); err != nil {
		return false, err
	}
	f.beginReread(ctx)
	return more, nil
}

// goAlong reads the trails of the shards that are followed, and what was touched.
func (f *Follower) goAlong(ctx context.Context) (more bool, err error) {
	behind, began := map[int]sink.TrailPlace{}, time.Now()
	for number := range f.shards {
		if f.shards[number].along {
			behind[number] = f.shards[number].place
		}
	}
	trails, err := f.from.Trails(ctx, behind)
	if err != nil {
		return false, err
	}
	slow := newPace(restAfterSome)
	for number, trail := range trails {
		one := &f.shards[number]
		if trail.Lost {
			one.along = false
			continue
		}
		if err := f.readTouched(ctx, number, trail.IDs, slow); err != nil {
			return false, err
		}
		if one.place = trail.Place; !trail.More {
			one.asOf = began
		}
		more = more || trail.More
	}
	return more, nil
}

// readTouched reads profiles again, those that would be held.
func (f *Follower) readTouched(ctx context.Context, number int, ids []string, slow *pace) error {
	slices.Sort(ids)
	ids = slices.DeleteFunc(slices.Compact(ids), func(id string) bool { return !f.book.wants(&held{hash: orderOf(id), id: id}) })
	if len(ids) == 0 {
		return nil
	}
	changes := make([]held, 0, len(ids))
	for some := range slices.Chunk(ids, someAtOnce) {
		slow.begun = time.Now()
		blobs, err := f.from.SomeProfiles(ctx, number, some)
		if err != nil {
			return err
		}
		for i, id := range some {
			changes = append(changes, held{hash: orderOf(id), shard: int32(number), id: id, blob: blobs[i]})
		}
		slow.pause(ctx)
	}
	one := &f.shards[number]
	names, err := f.from.Names(ctx, number, len(one.names)) // behind the profiles: names only grow
	if err != nil {
		return err
	}
	one.names = slices.Concat(one.names, names)
	slices.SortFunc(changes, func(a, b held) int { return compare(&a, &b) })
	f.book.put(changes, nobody)
	f.Touched.Add(int64(len(changes)))
	return nil
}

// count counts the profiles anew where not all are held, now and then.
func (f *Follower) count(ctx context.Context) error {
	if filled, shards := f.progress(); f.book.first == nil || filled < shards || time.Since(f.counted) < f.countEvery {
		return nil
	}
	for number := range f.shards {
		all, err := f.from.CountProfiles(ctx, number)
		if err != nil {
			return err
		}
		f.shards[number].all = all
	}
	f.counted = time.Now()
	return nil
}

// publish has what is held be asked, once every shard was read. Clocks are read
// behind the profiles: an older one would deny what a profile has seen.
func (f *Follower) publish(ctx context.Context) error {
	if filled, shards := f.progress(); filled < shards {
		return nil
	}
	glances, err := f.from.Glances(ctx)
	if err != nil {
		return err
	}
	next := &Fresh{&Snapshot{held: f.book.list, shards: make([]shard, len(f.shards)), bytes: f.book.bytes}, time.Now()}
	for number := range f.shards {
		one := &f.shards[number]
		one.clock = max(one.clock, glances[number].Clock)
		next.shards[number] = one.shard
		next.all += one.all
		if one.asOf.Before(next.AsOf) {
			next.AsOf = one.asOf
		}
	}
	if f.book.first == nil {
		next.all = int64(len(next.held))
	}
	next.all = max(next.all, int64(len(next.held)))
	if before := f.fresh.Load(); before != nil {
		next.kept = before.values().carried(next.held, next.shards)
	}
	f.fresh.Store(next)
	return nil
}
