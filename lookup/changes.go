package lookup

import (
	"context"
	"sync"
	"time"

	"muster/sink"
)

const (
	// pollEvery is how often Redis is asked for new changes of all shards while
	// somebody follows them, however many do.
	pollEvery = 100 * time.Millisecond
	// pollEntries is how many changes of a shard are read at a time.
	pollEntries = 500
	// keepEntries is how many of the newest changes are kept in memory, of all
	// shards together. Who is further behind reads from Redis.
	keepEntries = 50_000
)

// Changes follows the outboxes of all shards for as many as want to know. It
// reads each change once while somebody follows, and nothing else. It is safe
// for concurrent use.
type Changes struct {
	reader *Reader
	of     uint32
	failed func(error)

	mu        sync.Mutex
	tails     []tail // by shard
	followers int
	ready     bool          // whether tails are up to date
	news      chan struct{} // closed when there is more in tails
	wake      chan struct{} // tells Run that there are followers
}

// tail is the newest changes of a shard, without a gap from behind on.
type tail struct {
	behind  entryID // the entry before the first
	entries []sink.Entry
}

func (t *tail) end() entryID {
	if len(t.entries) == 0 {
		return t.behind
	}
	return entryIDOf(t.entries[len(t.entries)-1].ID)
}

// Changes returns what follows the changes of the reader's deployment. Run it.
// failed is told when Redis can't be read; it is tried again.
func (r *Reader) Changes(ctx context.Context, failed func(error)) (*Changes, error) {
	id, err := r.store.Identity(ctx)
	if err != nil {
		return nil, err
	}
	return &Changes{
		reader: r, of: placeOf(id, r.layout, r.shards), failed: failed,
		tails: make([]tail, r.shards), news: make(chan struct{}), wake: make(chan struct{}, 1),
	}, nil
}

// Run reads what is new while somebody follows, until ctx ends.
func (c *Changes) Run(ctx context.Context) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
		case <-tick.C:
		}
		if !c.wanted() {
			continue
		}
		if err := c.poll(ctx); err != nil && ctx.Err() == nil {
			c.failed(err)
		}
	}
}

// wanted reports whether somebody follows. When nobody does, what is kept is
// dropped.
func (c *Changes) wanted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.followers > 0 {
		return true
	}
	c.ready = false
	clear(c.tails)
	return false
}

// poll reads what is new of every shard.
func (c *Changes) poll(ctx context.Context) error {
	c.mu.Lock()
	ready, positions := c.ready, make([]sink.Position, len(c.tails))
	for shard := range c.tails {
		positions[shard] = sink.Position{Shard: shard, After: c.tails[shard].end().after()}
	}
	c.mu.Unlock()
	if !ready {
		return c.begin(ctx)
	}
	found, err := c.reader.store.Outboxes(ctx, positions, pollEntries)
	if err != nil {
		return err
	}
	c.take(found)
	return nil
}

// begin sets the tails to the ends of the outboxes.
func (c *Changes) begin(ctx context.Context) error {
	newest, err := c.reader.store.Newest(ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for shard := range c.tails {
		c.tails[shard] = tail{behind: entryIDOf(newest[shard])}
	}
	c.ready = true
	c.tell()
	return nil
}

// take adds what is new, and drops what is too much.
func (c *Changes) take(found [][]sink.Entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	most, some := max(1, keepEntries/len(c.tails)), false
	for shard, entries := range found {
		t := &c.tails[shard]
		t.entries = append(t.entries, entries...)
		if over := len(t.entries) - most; over > 0 {
			t.behind = entryIDOf(t.entries[over-1].ID)
			t.entries = append([]sink.Entry(nil), t.entries[over:]...)
		}
		some = some || len(entries) > 0
	}
	if some {
		c.tell()
	}
}

// tell wakes the followers. The lock is held.
func (c *Changes) tell() {
	close(c.news)
	c.news = make(chan struct{})
}

// recent returns some changes of a shard behind an entry from memory; false
// when they are not all there.
func (c *Changes) recent(shard int, behind entryID) ([]sink.Entry, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &c.tails[shard]
	if !c.ready || behind.before(t.behind) {
		return nil, false
	}
	first, last := 0, len(t.entries)
	for first < last { // they are in order
		middle := (first + last) / 2
		if behind.before(entryIDOf(t.entries[middle].ID)) {
			last = middle
		} else {
			first = middle + 1
		}
	}
	some := t.entries[first:]
	return some[:min(len(some), pollEntries)], true
}

// more returns a channel that is closed when there is more.
func (c *Changes) more() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.news
}
