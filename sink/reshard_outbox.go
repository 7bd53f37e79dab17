package sink

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"
)

const (
	// outboxPages bounds the entries of all old outboxes that are in memory
	// together; outboxPage is how many of one at the least.
	outboxPages = 20_000
	outboxPage  = 10
	// parallelShards is how many new shards are written to at a time.
	parallelShards = 4
)

// copyOutbox merges the outboxes that are left by the times of their
// entries, so that each new one is in order of time, and of a profile's
// versions, and the bound of a shard drops the oldest. It always begins at
// the beginning; what a new outbox has already, by its last id, is passed
// over.
func (c *copying) copyOutbox(ctx context.Context, _ checkpoint) error {
	total, _, err := c.store.outboxes(ctx, c.old, c.from.Shards)
	if err != nil {
		return fmt.Errorf("copying outboxes: %w", err)
	}
	m := &merge{copying: c, queues: make([][]moved, c.to.Shards), given: make([]int64, c.to.Shards), total: total}
	if err := m.run(ctx); err != nil {
		return fmt.Errorf("copying outboxes: %w", err)
	}
	return nil
}

// moved is an entry of a new outbox and its number there.
type moved struct {
	Entry
	number int64
}

// merge is one pass over all old outboxes.
type merge struct {
	*copying
	tails   tails
	queues  [][]moved // by new shard, to be written
	queued  int
	given   []int64 // by new shard, entries so far
	done    int64
	total   int64
	pageLen int64
}

func (m *merge) run(ctx context.Context) error {
	m.pageLen = int64(max(outboxPage, outboxPages/m.from.Shards))
	for shard := range m.from.Shards {
		t := &tail{shard: shard}
		if err := m.fill(ctx, t); err != nil {
			return err
		}
		if len(t.page) > 0 {
			m.tails = append(m.tails, t)
		}
	}
	heap.Init(&m.tails)
	for len(m.tails) > 0 {
		if err := m.take(ctx); err != nil {
			return err
		}
	}
	return m.flush(ctx)
}

// take moves the earliest entry to the queue of its new shard.
func (m *merge) take(ctx context.Context) error {
	t := m.tails[0]
	e := t.page[0]
	t.page = t.page[1:]
	if len(t.page) == 0 {
		if err := m.fill(ctx, t); err != nil {
			return err
		}
	}
	if len(t.page) == 0 {
		heap.Pop(&m.tails)
	} else {
		heap.Fix(&m.tails, 0)
	}
	shard := m.plan.After(e.Change.Profile)
	m.given[shard]++
	m.queues[shard] = append(m.queues[shard], moved{e, m.given[shard]})
	if m.queued++; m.queued < heapBound {
		return nil
	}
	return m.flush(ctx)
}

// fill reads the next page of an old outbox.
func (m *merge) fill(ctx context.Context, t *tail) (err error) {
	if t.page, err = m.store.Outbox(ctx, t.shard, t.last, m.pageLen); err == nil && len(t.page) > 0 {
		t.last = t.page[len(t.page)-1].ID
	}
	return err
}

func (m *merge) flush(ctx context.Context) error {
	group, parallel := errgroup.WithContext(ctx)
	group.SetLimit(parallelShards)
	for shard, queue := range m.queues {
		if len(queue) > 0 {
			group.Go(func() error { return m.write(parallel, shard, queue) })
			m.queues[shard] = nil
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	m.done, m.queued = m.done+int64(m.queued), 0
	m.plan.Progress(Progress{"outbox", "entries", m.done, m.total})
	return nil
}

// write appends entries that the outbox does not have yet. Should an attempt
// before still be on its way, Redis refuses whichever copy of an entry comes
// second, by its id; then it is looked up again what is there.
func (m *merge) write(ctx context.Context, shard int, queue []moved) error {
	key := m.new.outbox(shard)
	return m.store.retry(ctx, "writing outbox", func(ctx context.Context) error {
		last, err := lastNumber(ctx, m.store.client, key)
		if err != nil {
			return err
		}
		d := m.store.draft()
		defer m.store.release(d)
		for i := range queue {
			if e := &queue[i]; e.number > last {
				d.begin("xadd", key, d.piece(appendID(d.letters, 0, e.number)))
				d.addEntry(&e.Change, &e.Offset)
				d.endText(ctx)
			}
		}
		if len(d.commands) == 0 {
			return nil
		}
		pipe := m.store.client.TxPipeline()
		_ = pipe.BatchProcess(ctx, d.commands...)
		_, err = pipe.Exec(ctx)
		if err != nil && strings.Contains(err.Error(), "equal or smaller") {
			err = fmt.Errorf("%w: %w", redis.TxFailedErr, err)
		}
		return err
	})
}

// lastNumber returns the number of the newest entry of a new outbox.
func lastNumber(ctx context.Context, c redis.Cmdable, key string) (int64, error) {
	newest, err := c.XRevRangeN(ctx, key, "+", "-", 1).Result()
	if err != nil || len(newest) == 0 {
		return 0, err
	}
	_, number, _ := strings.Cut(newest[0].ID, "-")
	last, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0, final("%s has an entry %s, which no reshard has made", key, newest[0].ID)
	}
	return last, nil
}

// tail is what is left of an old outbox.
type tail struct {
	shard int
	page  []Entry
	last  string // id of the last one of the page
}

// tails is a heap of outboxes by their next entries.
type tails []*tail

func (t tails) Len() int { return len(t) }

func (t tails) Less(i, j int) bool {
	a, b := t[i], t[j]
	return cmp.Or(cmp.Compare(a.page[0].Change.At, b.page[0].Change.At), cmp.Compare(a.shard, b.shard)) < 0
}

func (t tails) Swap(i, j int) { t[i], t[j] = t[j], t[i] }

// Push is heap.Interface's.
func (t *tails) Push(x any) { *t = append(*t, x.(*tail)) }

// Pop is heap.Interface's.
func (t *tails) Pop() any {
	old := *t
	last := old[len(old)-1]
	*t = old[:len(old)-1]
	return last
}
