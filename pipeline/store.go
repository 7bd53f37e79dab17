package pipeline

import (
	"context"
	"errors"
)

// ErrFenced is returned by a Store's Load and Commit, and by a Scanner, when
// another worker has taken the shard over, or the stored state is not what this
// worker left (a failover lost writes). The worker must drop everything it
// holds and open again.
var ErrFenced = errors.New("the shard's stored state is not this worker's")

// State is what a shard's store holds beside its profiles.
type State struct {
	Epoch  int64  // of the worker that just opened the shard; larger than any before
	Next   int64  // offset of the next record to apply; -1 on a new shard
	Clock  int64  // stream time, milliseconds since 1970 UTC; 0 on a new shard
	Outbox int64  // entries the outbox ever got
	Rules  string // fingerprint of the rule set of the last commit, "" on a new shard
	// Generation counts the rule sets the shard has seen: 1, 2, ... It is
	// stored in every profile to tell which set its memberships are of.
	Generation uint64
	// Names numbers, by position, every segment, aggregate and condition of
	// held(...) that profiles of this shard refer to. It only ever grows.
	Names  []string
	Anchor Anchor  // of Next, zero where none was stored with it
	Timers []Timer // every profile with a deadline
	Gaps   []Gap   // what was ever passed over, oldest first
	// Swept is the newest generation whose sweep has looked at every profile:
	// the memberships of all are those of its rule set. 0 for none.
	Swept uint64
	// Bucket is where the sweep of Generation goes on, should it be newer than Swept.
	Bucket int
	// Catalog is what the shard knows of segments and series, see catalog.go:
	// texts by name, the names being those of Names. Nil where none was ever stored.
	Catalog map[string]string
}

// Timer is a profile's next deadline.
type Timer struct {
	Profile string
	At      int64 // milliseconds since 1970 UTC
}

// Write is the new state of one profile. A Store may keep what stands in Tail
// apart, and need not write it again as long as it is the same.
type Write struct {
	Profile     string
	Blob        []byte // without its tail, which is the profile's traits
	Tail        []byte // empty for none
	TailChanged bool   // whether Tail differs from the stored one and must be written, or removed
	Deadline    int64  // next deadline, 0 for none
	Timer       bool   // whether Deadline differs from the stored one and must be written
	Gone        bool   // the profile is removed; there is neither Blob nor Tail
}

// Whole is the blob of a profile as a Store's Load returns it.
func (w *Write) Whole() string { return string(w.Blob) + string(w.Tail) }

// Reach is one profile that was active on a day as a member of a segment.
type Reach struct {
	Segment string
	Profile string
	Day     int64 // days since 1970 UTC
}

// Commit is everything one batch changes in a shard. It lands whole or not
// at all, and only if the stored epoch, offset and outbox count are the expected ones.
type Commit struct {
	Epoch      int64
	From       int64 // stored Next that this commit follows
	Next       int64
	Clock      int64
	Outbox     int64 // stored Outbox that this commit follows; it grows by len(Changes)
	Rules      string
	Generation uint64
	NewNames   []string // appended to State.Names
	Profiles   []Write  // each profile at most once
	Changes    []Change // in order of stream time
	Gap        *Gap     // appended to State.Gaps, nil for none; with it Next may be before From
	Anchor     Anchor   // of Next
	Reach      []Reach  // sent before the transaction; idempotent
	// Hidden lists segments without member sets (members: false), by id.
	Hidden map[string]bool
	// Swept and Bucket take the place of those in State.
	Swept  uint64
	Bucket int
	// Catalog has the entries that differ from those stored; "" is for one to
	// be removed.
	Catalog map[string]string
	// Drop lists segments that no rule set in force has and that nobody is
	// left in: their member sets and sizes are removed, behind Changes.
	Drop []string
	// Erased are the requests by which profiles were erased. The Store notes
	// them as work that is left: what else it keeps may name the profiles.
	Erased []Erased
	// Counted is what a Counter has stored for this commit, as it and the Store
	// know it, "" for nothing. A Store that has lost that refuses the commit with
	// ErrFenced, so that the events are applied and counted again.
	Counted string
}

// Erased is a request by which a profile was erased.
type Erased struct {
	Name    string // of the entry of the catalog that stays, see ErasedName
	Request string
	At      int64  // stream time, ms since 1970 UTC
	Version uint64 // of the last change; those of a profile that comes back are higher
}

// Scanner names the stored profiles of shards, for sweeps. A Store that is no
// Scanner has no sweeps. Like Load it answers only the owner of a shard.
type Scanner interface {
	// Count returns how many profiles a shard has and in how many buckets, at
	// least 1, they are. A profile stays in its bucket, and their number is
	// the same for the life of a deployment.
	Count(ctx context.Context, shard int) (profiles int64, buckets int, err error)
	// Scan returns the profiles of one bucket and of those after it, as few
	// buckets as have limit profiles together, in any order, and the bucket
	// to go on from, which is the number of buckets after the last. Buckets
	// are returned whole, so there may be more than limit. There may be fewer,
	// or none, before the last bucket too: a call looks at a bounded number of
	// buckets. It always gets further, by one bucket at least. From the number
	// of buckets on there is nothing, and the answer is that number again.
	Scan(ctx context.Context, shard, bucket, limit int) (profiles []string, next int, err error)
}

// Store keeps the state of every shard.
type Store interface {
	// Open makes the caller the shard's only owner, raising its epoch, and
	// returns what is stored.
	Open(ctx context.Context, shard int) (State, error)
	// Load returns the blobs of profiles with their tails, "" for one that does
	// not exist: a stored profile is never empty.
	Load(ctx context.Context, shard int, profiles []string) ([]string, error)
	// Commit applies a Commit whole, or returns ErrFenced and applies
	// nothing. On any other error the outcome has been looked up: nothing
	// was applied.
	Commit(ctx context.Context, shard int, c *Commit) error
}
