package sink

import (
	"context"
	"math"
	"time"

	"github.com/redis/go-redis/v9"

	"muster/pipeline"
)

// Flows land in the transaction of the changes that they count, so each change
// counts once, whatever is replayed or sent again. An HINCRBY for each segment
// would be a command for nearly every change, and a field for each hour of a
// segment is fifty times the memory. So the counts of a day stand in one text
// for each segment, and those of a commit are written by one command. Nobody
// but the owner writes them, and its commits all change the meta hash that is
// watched: it knows what they were, and reads them only once. Days are made of
// hours, see flows_days.go.

// shardFlows is what the owner of a shard keeps between commits, which come one
// after the other.
type shardFlows struct {
	// open is the newest page of hours, as this owner has left it: nil if it
	// does not know, which is so in the beginning, behind every error, and
	// behind every attempt whose outcome was looked up.
	open   *flowPage
	unsure bool // an attempt was begun that has not landed

	moves []moves     // of the commit at hand
	pages []*flowPage // that it writes
}

// keptMoves bounds the memory for moves that is kept, about 0.6 MB.
const keptMoves = 1 << 14

func (s *Store) shardFlows(shard int) *shardFlows {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.flows[shard]
	if f == nil {
		f = &shardFlows{}
		s.flows[shard] = f
	}
	return f
}

// forget has everything read again.
func (f *shardFlows) forget() { f.open, f.unsure = nil, false }

// begin begins an attempt.
func (f *shardFlows) begin() {
	if f.unsure {
		f.open = nil
	}
	f.unsure = true
	clear(f.pages)
	f.pages = f.pages[:0]
}

// landed is told of a commit that has landed.
func (f *shardFlows) landed() {
	f.unsure = false
	if f.open != nil {
		f.open.bound()
	}
	if clear(f.moves); cap(f.moves) > keptMoves {
		f.moves = nil
	}
	f.moves = f.moves[:0]
	clear(f.pages)
	f.pages = f.pages[:0]
}

// moves are changes of one segment within an hour.
type moves struct {
	segment       string
	hour          int64
	entered, left uint64
}

// countMoves counts changes, which the order has by segment. The hour is that
// of the change itself, so a batch that is replayed counts where it did.
func (f *shardFlows) countMoves(changes []pipeline.Change, order []int) {
	f.moves = f.moves[:0]
	for _, i := range order {
		c := &changes[i]
		hour, n := Hour.Begin(c.At), len(f.moves)
		if n == 0 || f.moves[n-1].hour != hour || f.moves[n-1].segment != c.Segment {
			f.moves = append(f.moves, moves{segment: c.Segment, hour: hour})
			n++
		}
		if c.Entered {
			f.moves[n-1].entered++
		} else {
			f.moves[n-1].left++
		}
	}
}

// flowing is the flows of one attempt on their way.
type flowing struct {
	*shardFlows
	store  *Store
	shard  int
	now    time.Time
	summed int64 // the last day that is summed, with this attempt

	day    int64 // that was asked for last
	ofThat [2]*flowPage
}

// fillFlows adds the flows to a transaction that is filled.
func (a *attempts) fillFlows(ctx context.Context, tx *redis.Tx, t *transaction, summed int64) error {
	if !a.store.cfg.countsFlows() {
		return nil
	}
	a.flows.begin()
	w := &flowing{shardFlows: a.flows, store: a.store, shard: a.shard, now: a.now, summed: summed, day: math.MinInt64}
	if err := w.sumDays(ctx, tx, t); err != nil {
		return err
	}
	if len(a.commit.Changes) > 0 {
		w.countMoves(a.commit.Changes, t.order)
		if err := w.read(ctx, tx); err != nil {
			return err
		}
		w.count()
	}
	w.fill(ctx, t)
	return nil
}

// of returns the pages that changes of an hour count in, nil for none: that of
// the hours, and that of the month for a day that was summed before. What would
// expire at once is left out, and what is of the future, where an arrival can't
// be.
func (w *flowing) of(hour int64) [2]*flowPage {
	day := Hour.page(hour)
	if day == w.day {
		return w.ofThat
	}
	w.day, w.ofThat = day, [2]*flowPage{}
	if day > Hour.page(w.now.Add(flowsAhead).UnixMilli()) {
		return w.ofThat
	}
	if w.expires(Hour, day).After(w.now) {
		w.ofThat[0] = w.page(Hour, day)
	}
	month := Day.page(hour)
	if w.store.cfg.DailyFlowDays > 0 && day <= w.summed && w.expires(Day, month).After(w.now) {
		w.ofThat[1] = w.page(Day, month)
	}
	return w.ofThat
}

// page returns a page that the attempt writes.
func (w *flowing) page(step Step, number int64) *flowPage {
	for _, p := range w.pages {
		if p.step == step && p.number == number {
			return p
		}
	}
	p := w.open
	if p == nil || step != Hour || p.number != number {
		p = newFlowPage(w.store.keys.flows(w.shard, step, number), step, number)
	}
	w.pages = append(w.pages, p)
	return p
}

// expires is when a page goes. Hours that are not summed stay for as long as
// their days.
func (w *flowing) expires(step Step, number int64) time.Time {
	return w.store.flowExpiry(step, number, w.summed)
}

// read reads what is not known of the pages. The newest of today or before
// becomes the open one, and is read whole.
func (w *flowing) read(ctx context.Context, tx *redis.Tx) error {
	for i := range w.moves {
		w.of(w.moves[i].hour)
	}
	today, before := Hour.page(w.now.UnixMilli()), w.open
	for _, p := range w.pages {
		if p.step == Hour && p.number <= today && (w.open == nil || p.number > w.open.number) {
			w.open = p
		}
	}
	if w.open != before {
		if err := w.open.readWhole(ctx, tx, mostOpen, &w.store.cfg.Observer); err != nil {
			return err
		}
	}
	for _, p := range w.pages {
		if p.whole {
			continue
		}
		if err := p.readSome(ctx, tx, w.wanted(p), &w.store.cfg.Observer); err != nil {
			return err
		}
	}
	return nil
}

// wanted are the segments that the attempt counts in a page, once each.
func (w *flowing) wanted(p *flowPage) (segments []string) {
	for i := range w.moves {
		m := &w.moves[i]
		if pages := w.of(m.hour); pages[0] != p && pages[1] != p {
			continue
		}
		if n := len(segments); n == 0 || segments[n-1] != m.segment {
			segments = append(segments, m.segment)
		}
	}
	return segments
}

// count adds the moves to the pages.
func (w *flowing) count() {
	for i := range w.moves {
		m := &w.moves[i]
		for _, p := range w.of(m.hour) {
			if p != nil {
				p.add(m.segment, slotFlow{p.step.slot(m.hour), m.entered, m.left})
			}
		}
	}
}

// fill writes the pages, and tells Redis when they expire unless it was told
// before.
func (w *flowing) fill(ctx context.Context, t *transaction) {
	for _, p := range w.pages {
		if len(p.touched) == 0 {
			continue
		}
		p.fill(ctx, t)
		expires := w.expires(p.step, p.number)
		if !p.told.Equal(expires) || expires.Sub(w.now) < expiryMargin {
			t.begin("expireat", p.key, t.int(expires.Unix()))
			t.end(ctx)
			p.told = expires
		}
	}
}
