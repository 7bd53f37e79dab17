package lookup

import (
	"context"
	"slices"
	"sync"
	"time"

	"muster/pipeline"
	"muster/sink"
)

// Change is a change of a membership as it is told.
type Change struct {
	Profile string         `json:"profile"`
	Segment string         `json:"segment"`
	Entered bool           `json:"entered" doc:"Whether the membership began; else it ended."`
	At      Instant        `json:"at"`
	Version uint64         `json:"version" doc:"The number of the change of its profile."`
	Cause   pipeline.Cause `json:"cause" doc:"event, time, rules or backfill."`
	Run     string         `json:"run,omitempty" doc:"Of the cause backfill: which."`

	// Missed is how many changes of the shard before this one are no longer
	// kept.
	Missed int64 `json:"-"`
	Shard  int   `json:"-"`
	id     entryID
}

// Wish is which changes somebody follows.
type Wish struct {
	From     string   // Place of an earlier following; "" for from now on
	Profile  string   // "" for all
	Segments []string // none for all
}

// Following is one who follows changes. It is for one goroutine.
type Following struct {
	changes *Changes
	place   place
	shards  []int // that are looked at
	wish    Wish
	anew    bool // the place before was of other shards; the first change tells so
	close   sync.Once
}

// Follow begins to follow changes. Close it.
func (c *Changes) Follow(ctx context.Context, wish Wish) (*Following, error) {
	f := &Following{changes: c, wish: wish}
	if err := f.choose(ctx); err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.followers++
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
	if err := f.begin(ctx); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// choose says which shards are looked at, and refuses what would never come.
func (f *Following) choose(ctx context.Context) error {
	r := f.changes.reader
	for _, id := range f.wish.Segments {
		if err := r.followable(ctx, id); err != nil {
			return err
		}
	}
	if f.wish.Profile != "" {
		shard, err := r.ShardOf(f.wish.Profile)
		f.shards = []int{shard}
		return err
	}
	for shard := range r.shards {
		f.shards = append(f.shards, shard)
	}
	return nil
}

// followable refuses a segment that there is not. Where the rules are not known,
// Redis tells which segments there ever were.
func (r *Reader) followable(ctx context.Context, id string) error {
	set := r.rules()
	if set == nil {
		return r.UnknownSegment(ctx, id)
	}
	if _, known := set.Position(id); !known {
		return absent(SegmentKind, "there is no segment %s%s", Shown(id), nearest(id, set.IDs()))
	}
	return nil
}

// begin finds the place to go on from.
func (f *Following) begin(ctx context.Context) error {
	c := f.changes
	if f.wish.From != "" {
		p, ok := parsePlace(f.wish.From)
		if !ok {
			return input("%s is no place in the changes; take the id of an event, or begin without one", Shown(f.wish.From))
		}
		if p.of == c.of && len(p.shards) == len(c.tails) {
			f.place = p
			return nil
		}
		// Whatever is kept of the shards as they are now is told, behind a
		// word that something may be missing.
		f.anew, f.place = true, place{of: c.of, shards: make([]entryID, len(c.tails))}
		return nil
	}
	newest, err := c.reader.store.Newest(ctx)
	if err != nil {
		return err
	}
	f.place = place{of: c.of, shards: make([]entryID, len(newest))}
	for shard, id := range newest {
		f.place.shards[shard] = entryIDOf(id)
	}
	return nil
}

// Anew reports, once, whether the place that was gone on from is of shards that
// are no more: changes may have been missed.
func (f *Following) Anew() bool {
	anew := f.anew
	f.anew = false
	return anew
}

// Next returns some changes of those that are followed and all that say that
// some were missed, in order within each shard, as soon as there are any; none
// when ctx or the time to wait ends before. Call Passed for each.
func (f *Following) Next(ctx context.Context, wait time.Duration) ([]Change, error) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		more := f.changes.more()
		found, read, err := f.read(ctx)
		if err != nil || len(found) > 0 {
			return found, err
		}
		if read {
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-timer.C:
				return nil, nil
			default:
				continue // there may be more that was not wanted
			}
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-timer.C:
			return nil, nil
		case <-more:
		}
	}
}

// read reads some changes of each shard. It reports whether there were any,
// wanted or not. Those that are not wanted are passed at once where none that
// is waits before them.
func (f *Following) read(ctx context.Context) (found []Change, some bool, err error) {
	for _, shard := range f.shards {
		entries, ok := f.changes.recent(shard, f.place.shards[shard])
		if !ok {
			if entries, err = f.changes.reader.store.Outbox(ctx, shard, f.place.shards[shard].after(), pollEntries); err != nil {
				return nil, false, err
			}
		}
		some = some || len(entries) > 0
		found = append(found, f.wanted(shard, entries)...)
	}
	return found, some, nil
}

// wanted picks the changes that are followed from those of a shard.
func (f *Following) wanted(shard int, entries []sink.Entry) (found []Change) {
	last := f.place.shards[shard]
	for i := range entries {
		id, c := entryIDOf(entries[i].ID), &entries[i].Change
		one := Change{
			Profile: c.Profile, Segment: c.Segment, Entered: c.Entered, At: Instant(c.At), Version: c.Version, Cause: c.Cause, Run: c.Run,
			Missed: id.number - last.number - 1, Shard: shard, id: id,
		}
		again := one.Missed < 0 // it was told before Redis lost it, and is written again
		last = entryID{id.offset, max(id.number, last.number)}
		switch {
		case !again && (f.wants(c) || one.Missed > 0):
			found = append(found, one)
		case len(found) == 0:
			f.place.shards[shard] = last
		}
	}
	return found
}

func (f *Following) wants(c *pipeline.Change) bool {
	return (f.wish.Profile == "" || f.wish.Profile == c.Profile) &&
		(len(f.wish.Segments) == 0 || slices.Contains(f.wish.Segments, c.Segment))
}

// Wants reports whether a change is followed itself, and does not only say that
// some were missed.
func (f *Following) Wants(c *Change) bool {
	return f.wants(&pipeline.Change{Profile: c.Profile, Segment: c.Segment})
}

// Passed takes a change for told.
func (f *Following) Passed(c *Change) { f.place.shards[c.Shard] = c.id }

// Place is where to go on behind all that was passed.
func (f *Following) Place() string { return f.place.String() }

// Close ends it.
func (f *Following) Close() {
	f.close.Do(func() {
		f.changes.mu.Lock()
		defer f.changes.mu.Unlock()
		f.changes.followers--
	})
}
