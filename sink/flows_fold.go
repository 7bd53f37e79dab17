package sink

import (
	"context"
	"math"
	"time"

	"github.com/redis/go-redis/v9"
)

// A commit writes the hours of a day only. Once the day is over, the first
// commit behind it folds them: it adds up the hours of each segment and writes
// the sums into the page of the month, in its own transaction, which moves the
// mark "folded" in the meta hash to that day. So a day is folded once. What
// still comes of a day that is folded counts in both pages.
//
// A shard in which nothing happens folds nothing. Its last hours stay for as
// long as the month would, and who asks for days adds up the hours of those
// behind the mark. Each commit folds what it can and writes nothing of further
// ahead than flowsAhead, so these are two days, three where clocks differ.
const unfoldedDays = 3

// foldAfter is how long a day is over before it is folded, as events of its
// last minutes come late. The shards fold one after the other within an hour.
func foldAfter(shard int) time.Duration {
	return time.Hour + time.Duration(shard%60)*time.Minute
}

// foldable is the last day that can be folded, in days since 1970 UTC.
func foldable(shard int, now time.Time) int64 {
	return Hour.page(now.Add(-foldAfter(shard)).UnixMilli()) - 1
}

// unfolded are the days that are not folded and may have flows.
func unfolded(folded int64) (days [unfoldedDays]int64) {
	for i := range days {
		days[i] = folded + 1 + int64(i)
	}
	return days
}

// flowExpiry is when a page goes: so many days after its last day. Hours that
// are not folded stay for as long as their days would.
func (s *Store) flowExpiry(step Step, page, folded int64) time.Time {
	at := step.begin(page+1).AddDate(0, 0, s.cfg.flowDays(step))
	if step == Hour && s.cfg.DailyFlowDays > 0 && page > folded {
		month := s.flowExpiry(Day, Day.page(Hour.at(page, 0)), folded)
		if month.After(at) {
			return month
		}
	}
	return at
}

// fold folds the days that are over.
func (w *flowing) fold(ctx context.Context, tx *redis.Tx, t *transaction) error {
	last := foldable(w.shard, w.now)
	if w.store.cfg.DailyFlowDays == 0 || last <= w.folded {
		return nil
	}
	before := w.folded
	w.folded = last
	for _, day := range unfolded(before) {
		if day > last {
			break
		}
		if err := w.foldDay(ctx, tx, day); err != nil {
			return err
		}
		t.begin("expireat", w.store.keys.flows(w.shard, Hour, day), t.int(w.expires(Hour, day).Unix()))
		t.end(ctx)
	}
	t.begin("hset", w.store.keys.meta(w.shard), "folded", t.int(last))
	t.end(ctx)
	return nil
}

// foldDay adds a day to its month, which is read whole, as most of its segments
// are in the day as well.
func (w *flowing) foldDay(ctx context.Context, tx *redis.Tx, day int64) error {
	at, told := Hour.at(day, 0), &w.store.cfg.Observer
	if !w.expires(Day, Day.page(at)).After(w.now) {
		return nil
	}
	hours := newFlowPage(w.store.keys.flows(w.shard, Hour, day), Hour, day)
	if err := hours.readWhole(ctx, tx, math.MaxInt, told); err != nil || len(hours.texts) == 0 {
		return err
	}
	month := w.page(Day, Day.page(at))
	if !month.whole {
		if err := month.readWhole(ctx, tx, math.MaxInt, told); err != nil {
			return err
		}
	}
	for i := range hours.texts {
		sum := sumFlows(hours.texts[i].text)
		sum.slot = Day.slot(at)
		month.add(hours.texts[i].segment, sum)
	}
	return nil
}

// markFlows notes since when a shard's flows are counted: from the clock on at
// which its first owner opened it that counts them. One that does not count
// takes the mark away, as what comes then is missing. Days begin folded up to
// now.
func (s *Store) markFlows(ctx context.Context, shard int, clock int64) error {
	key := s.keys.meta(shard)
	_, err := s.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for _, step := range steps {
			if s.cfg.flowDays(step) == 0 {
				pipe.HDel(ctx, key, step.field())
			} else {
				pipe.HSetNX(ctx, key, step.field(), clock)
			}
		}
		if s.cfg.DailyFlowDays == 0 {
			pipe.HDel(ctx, key, "folded")
		} else {
			pipe.HSetNX(ctx, key, "folded", foldable(shard, s.now()))
		}
		return nil
	})
	return err
}
