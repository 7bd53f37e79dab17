package sink

import (
	"cmp"
	"context"
	"slices"

	"muster/pipeline"
)

// transaction puts everything that a commit changes into a draft.
type transaction struct {
	*draft
	keys   keys
	shard  int
	commit *pipeline.Commit

	sizes      *knownSizes
	milestones *milestones
	chronicle  *chronicler // nil where none is kept
	counts     bool        // whether flows are counted
}

// fill begins with the meta hash, see attempts.send.
func (t *transaction) fill(ctx context.Context, outboxMax int64) {
	c := t.commit
	var key any = t.keys.meta(t.shard)
	t.begin("hset", key, "next", &c.Next, "clock", &c.Clock, "outbox", t.int(c.Outbox+int64(len(c.Changes))),
		"rules", &c.Rules, "generation", &c.Generation, "swept", &c.Swept, "bucket", &c.Bucket, "sweep", &c.Generation,
		"anchor", t.piece(appendAnchor(t.letters, c.Next, c.Anchor)))
	if t.counts {
		t.add("counted", t.int(c.Outbox+int64(len(c.Changes))))
	}
	t.addChronicleMark()
	t.end(ctx)
	t.begin("hincrby", key, "commits", t.int(1))
	t.end(ctx)
	if len(c.NewNames) > 0 {
		t.begin("rpush", t.keys.names(t.shard))
		for i := range c.NewNames {
			t.add(&c.NewNames[i])
		}
		t.end(ctx)
	}
	if c.Gap != nil {
		t.begin("rpush", t.keys.gaps(t.shard), formatGap(*c.Gap))
		t.end(ctx)
	}
	t.fillProfiles(ctx)
	t.fillTimers(ctx)
	t.fillMembers(ctx)
	t.fillOutbox(ctx, outboxMax)
	t.fillChronicle(ctx)
	t.fillCatalog(ctx)
	t.fillDropped(ctx)
	t.fillErased(ctx)
}

// inBucket says in which bucket a commit's profile is.
type inBucket struct {
	bucket int
	at     int // within Commit.Profiles
}

// fillProfiles writes all profiles of a bucket by one command. Those that are
// removed are few.
func (t *transaction) fillProfiles(ctx context.Context) {
	writes := t.commit.Profiles
	t.buckets = t.buckets[:0]
	for i := range writes {
		w := &writes[i]
		if in := bucket(w.Profile, t.keys.buckets); !w.Gone {
			t.buckets = append(t.buckets, inBucket{in, i})
		} else {
			t.begin("hdel", t.keys.bucket(t.shard, in), &w.Profile)
			t.end(ctx)
			t.begin("hdel", t.keys.tails(t.shard, in), &w.Profile)
			t.end(ctx)
		}
	}
	slices.SortFunc(t.buckets, func(a, b inBucket) int { return cmp.Or(a.bucket-b.bucket, a.at-b.at) })
	for i, place := range t.buckets {
		if i == 0 || place.bucket != t.buckets[i-1].bucket {
			t.begin("hset", t.piece(t.keys.appendBucket(t.letters, t.shard, place.bucket)))
		}
		w := &writes[place.at]
		t.add(&w.Profile, (*piece)(&w.Blob))
		if i+1 == len(t.buckets) || place.bucket != t.buckets[i+1].bucket {
			t.end(ctx)
		}
	}
	t.fillTails(ctx)
}

// fillTails writes the tails that have changed, all of a bucket by one command.
// It removes those of erased profiles that came back without one.
func (t *transaction) fillTails(ctx context.Context) {
	open := -1 // bucket of the command at hand
	for _, place := range t.buckets {
		w := &t.commit.Profiles[place.at]
		if !w.TailChanged {
			continue
		}
		if open >= 0 && (open != place.bucket || len(w.Tail) == 0) {
			t.end(ctx)
			open = -1
		}
		if len(w.Tail) == 0 {
			t.begin("hdel", t.keys.tails(t.shard, place.bucket), &w.Profile)
			t.end(ctx)
			continue
		}
		if open < 0 {
			open = place.bucket
			t.begin("hset", t.piece(t.keys.appendTails(t.letters, t.shard, open)))
		}
		t.add(&w.Profile, (*piece)(&w.Tail))
	}
	if open >= 0 {
		t.end(ctx)
	}
}

func (t *transaction) fillTimers(ctx context.Context) {
	writes := t.commit.Profiles
	var key any = t.keys.timers(t.shard)
	t.begin("zadd", key)
	for i := range writes {
		if w := &writes[i]; w.Timer && w.Deadline != 0 {
			t.add(&w.Deadline, &w.Profile)
		}
	}
	t.endUnless(ctx, 2)
	t.begin("zrem", key)
	for i := range writes {
		if w := &writes[i]; w.Timer && w.Deadline == 0 {
			t.add(&w.Profile)
		}
	}
	t.endUnless(ctx, 2)
}

// fillMembers brings sizes and members to where all changes of the commit
// leave them, one segment after the other.
func (t *transaction) fillMembers(ctx context.Context) {
	changes := t.commit.Changes
	t.sort(len(changes), func(i, j int) int {
		a, b := &changes[i], &changes[j]
		return cmp.Or(cmp.Compare(a.Segment, b.Segment), cmp.Compare(a.Profile, b.Profile))
	})
	t.fillSizes(ctx)
	for rest := t.order; len(rest) > 0; {
		n := t.ofOneSegment(rest)
		t.fillSegment(ctx, rest[:n])
		rest = rest[n:]
	}
}

// fillSegment takes the changes of one segment, those of a profile together
// and in order.
func (t *transaction) fillSegment(ctx context.Context, moves []int) {
	segment := t.commit.Changes[moves[0]].Segment
	if t.commit.Hidden[segment] {
		return
	}
	key := t.piece(t.keys.appendMembers(t.letters, t.shard, segment))
	t.begin("sadd", key)
	t.addLast(moves, true)
	t.endUnless(ctx, 2)
	t.begin("srem", key)
	t.addLast(moves, false)
	t.endUnless(ctx, 2)
}

// addLast adds the profiles whose last change is of the kind.
func (t *transaction) addLast(moves []int, entered bool) {
	changes := t.commit.Changes
	for n, i := range moves {
		last := n+1 == len(moves) || changes[moves[n+1]].Profile != changes[i].Profile
		if last && changes[i].Entered == entered {
			t.add(&changes[i].Profile)
		}
	}
}

// dropped is how many member sets, or sizes, one command removes.
const dropped = 500

// fillDropped removes what there is of segments that are no more. It comes
// behind the changes by which the last profiles leave them.
func (t *transaction) fillDropped(ctx context.Context) {
	for chunk := range slices.Chunk(t.commit.Drop, dropped) {
		t.begin("unlink")
		for _, id := range chunk {
			t.add(t.piece(t.keys.appendMembers(t.letters, t.shard, id)))
		}
		t.end(ctx)
		t.begin("hdel", t.keys.sizes(t.shard))
		for i := range chunk {
			t.add(&chunk[i])
		}
		t.end(ctx)
	}
}
