package pipeline

import (
	"context"

	"muster/event"
	"muster/profile"
)

// Counter is told of the events of one shard that were applied, and stores what
// it makes of them: before each commit of the shard, and outside of it. So where
// the commit then fails, or its process dies, the same events are told again to
// the shard's next Counter, which has to know which ones are stored already.
type Counter interface {
	// Count is told of an event that was applied to its profile, which profiles
	// returns by its id, and of the offset of its record. Event and profile are
	// valid during the call, and must not be changed.
	Count(offset int64, ev *event.Event, profiles func(id string) *profile.Profile)
	// Store stores what was counted. The commit comes next: all that was counted
	// is of records before its Next. Store sets its Counted where it stored any.
	Store(ctx context.Context, c *Commit) error
}

// count tells the Counter, if there is one, of an event that was applied.
func (t *tenure) count(i int) {
	if p := t.parcel; t.counter != nil {
		t.counter.Count(p.batch.Records[p.records[i]].Offset, &p.events[i], t.profiles)
	}
}

// storeCounts has the Counter, if there is one, store what comes before a commit.
func (t *tenure) storeCounts(ctx context.Context, c *Commit) error {
	if t.counter == nil {
		return nil
	}
	return t.counter.Store(ctx, c)
}
