// Package storetest is the acceptance suite of pipeline.Store. Every store
// runs it, so that what the pipeline relies on is written down once.
//
// It promises that a store which passes commits whole or not at all, fences
// every owner but the newest, and keeps the order and the bytes it was given.
//
// The trap: two handles on one backend are two workers. A backend whose Open
// returns the same handle twice hides the very mistakes the suite looks for.
package storetest

import (
	"context"
	"testing"

	"muster/pipeline"
)

// Backend is one empty place where state is kept.
type Backend struct {
	// Open returns a further handle on the state, as another process has.
	Open func(t *testing.T) pipeline.Store
	// View returns what users see of a shard.
	View func(t *testing.T, shard int) View
	// Dump returns everything that is stored, in any form that is equal
	// exactly when the stored state is.
	Dump func(t *testing.T) any
	// Reach returns how many profiles were active in a segment on a day.
	Reach func(t *testing.T, segment string, day int64) int64
}

// View is what users see of a shard.
type View struct {
	Sizes   map[string]int64    // members by segment; zero and absent are the same
	Members map[string][]string // sorted profile ids by segment, empty sets left out
	Outbox  []pipeline.Change   // oldest first
	Erasing map[string]string   // requests to erase by the names of their catalog entries
}

// Run runs the suite. Every test gets a backend of its own from start.
func Run(t *testing.T, start func(t *testing.T) Backend) {
	for name, test := range map[string]func(t *testing.T, b Backend){
		"a new shard is empty":                         newShard,
		"a commit is found again":                      reopen,
		"load keeps the order asked for":               loadOrder,
		"load before open is refused":                  loadUnopened,
		"profile ids are any bytes":                    anyBytes,
		"names only grow":                              namesGrow,
		"gaps are kept":                                gaps,
		"an anchor is kept with its offset":            anchors,
		"timers follow their writes":                   timers,
		"sizes and members follow changes":             sizes,
		"a hidden segment has a size and no members":   hidden,
		"the last of several changes counts":           flapping,
		"the outbox keeps the order":                   outboxOrder,
		"reach counts each profile once":               reach,
		"shards are apart":                             shardsApart,
		"epochs grow":                                  epochsGrow,
		"an older owner is fenced and applies nothing": olderOwner,
		"an older owner can't load":                    olderOwnerLoad,
		"an owner never seen is fenced":                unknownOwner,
		"a wrong offset is fenced":                     wrongFrom,
		"a wrong outbox count is fenced":               wrongOutbox,
		"a commit repeated is fenced":                  repeated,
		"a commit without records keeps the offset":    timeOnly,
		"a big commit lands whole":                     big,
		"how far a sweep is is kept":                   sweptIsKept,
		"the catalog follows its entries":              catalogFollows,
		"a big catalog is kept":                        bigCatalog,
		"dropped segments are gone":                    drops,
		"many segments are dropped":                    dropsMany,
		"an erased profile is gone and told":           erases,
		"tails are kept until they are written again":  tails,
		"a fenced sweep changes nothing":               refusedSweep,
		"a scan sees every profile once":               scansAll,
		"a scan returns whole buckets":                 scansWhole,
		"a scan sees what was there while more comes":  scansWhileItGrows,
		"profiles are counted":                         counts,
		"a scan begins anywhere":                       scanBounds,
		"an older owner can't scan":                    olderOwnerScan,
		"scan before open is refused":                  scanUnopened,
	} {
		t.Run(name, func(t *testing.T) { test(t, start(t)) })
	}
}

const shard = 3

// worker is one owner of a shard, keeping the count a real worker keeps.
type worker struct {
	store pipeline.Store
	shard int
	state pipeline.State
}

func open(t *testing.T, store pipeline.Store, shard int) *worker {
	t.Helper()
	state, err := store.Open(context.Background(), shard)
	if err != nil {
		t.Fatalf("opening shard %d: %v", shard, err)
	}
	return &worker{store: store, shard: shard, state: state}
}

// next returns a commit that follows the worker's last one by some records.
func (w *worker) next(records int64) *pipeline.Commit {
	from := w.state.Next
	return &pipeline.Commit{
		Epoch: w.state.Epoch, From: from, Next: max(from, 0) + records,
		Clock: w.state.Clock + 1000, Outbox: w.state.Outbox, Rules: "rules", Generation: 1,
		Swept: w.state.Swept, Bucket: w.state.Bucket,
	}
}

func (w *worker) commit(t *testing.T, c *pipeline.Commit) {
	t.Helper()
	if err := w.store.Commit(context.Background(), w.shard, c); err != nil {
		t.Fatalf("committing: %v", err)
	}
	w.state.Next, w.state.Clock, w.state.Outbox = c.Next, c.Clock, c.Outbox+int64(len(c.Changes))
	w.state.Swept, w.state.Bucket = c.Swept, c.Bucket
}

func (w *worker) load(t *testing.T, profiles ...string) []string {
	t.Helper()
	blobs, err := w.store.Load(context.Background(), w.shard, profiles)
	if err != nil {
		t.Fatalf("loading: %v", err)
	}
	if len(blobs) != len(profiles) {
		t.Fatalf("%d blobs for %d profiles", len(blobs), len(profiles))
	}
	return blobs
}

func write(profile, blob string) pipeline.Write {
	return pipeline.Write{Profile: profile, Blob: []byte(blob)}
}

func enter(segment, profile string, version uint64) pipeline.Change {
	return pipeline.Change{
		Segment: segment, Profile: profile, Entered: true, At: 1000, Version: version, Cause: pipeline.CauseEvent,
	}
}

func leave(segment, profile string, version uint64) pipeline.Change {
	return pipeline.Change{
		Segment: segment, Profile: profile, At: 2000, Version: version, Cause: pipeline.CauseTime,
	}
}
