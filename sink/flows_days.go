package sink

import (
	"context"
	"math"
	"time"

	"github.com/redis/go-redis/v9"
)

// A commit writes the hours of a day only. Once the day is over, the first
// commit behind it sums it: it adds up the hours of each segment and writes the
// sums into the page of the month, in its own transaction, which moves the mark
// "summed" in the meta hash to that day. So a day is summed once. What still
// comes of a day that is summed counts in both pages.
//
// A shard in which nothing happens sums nothing. Its last hours stay for as
// long as the month would, and who asks for days adds up the hours of those
// behind the mark. Each commit sums what it can and writes nothing of further
// ahead than flowsAhead, so these are two days, three where clocks differ.
const unsummedDays = 3

// sumAfter is how long a day is over before it is summed, as events of its
// last minutes come late. The shards sum theirs one after the other, within an
// hour.
func sumAfter(shard int) time.Duration {
	return time.Hour + time.Duration(shard%60)*time.Minute
}

// summable is the last day that can be summed, in days since 1970 UTC.
func summable(shard int, now time.Time) int64 {
	return Hour.page(now.Add(-sumAfter(shard)).UnixMilli()) - 1
}

// unsummed are the days that are not summed and may have flows.
func unsummed(summed int64) (days [unsummedDays]int64) {
	for i := range days {
		days[i] = summed + 1 + int64(i)
	}
	return days
}

// flowExpiry is when a page goes: so many days after its last day. Hours that
// are not summed stay for as long as their days would.
func (s *Store) flowExpiry(step Step, page, summed int64) time.Time {
	at := step.begin(page+1).AddDate(0, 0, s.cfg.flowDays(step))
	if step == Hour && s.cfg.DailyFlowDays > 0 && page > summed {
		month := s.flowExpiry(Day, Day.page(Hour.at(page, 0)), summed)
		if month.After(at) {
			return month
		}
	}
	return at
}

// sumDays sums the days that are over.
func (w *flowing) sumDays(ctx context.Context, tx *redis.Tx, t *transaction) error {
	last := summable(w.shard, w.now)
	if w.store.cfg.DailyFlowDays == 0 || last <= w.summed {
		return nil
	}
	before := w.summed
	w.summed = last
	for _, day := range unsummed(before) {
		if day > last {
			break
		}
		if err := w.sumDay(ctx, tx, day); err != nil {
			return err
		}
		t.begin("expireat", w.store.keys.flows(w.shard, Hour, day), t.int(w.expires(Hour, day).Unix()))
		t.end(ctx)
	}
	t.begin("hset", w.store.keys.meta(w.shard), "summed", t.int(last))
	t.end(ctx)
	return nil
}

// sumDay adds a day to its month, which is read whole, as most of its segments
// are in the day as well.
func (w *flowing) sumDay(ctx context.Context, tx *redis.Tx, day int64) error {
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
// takes the mark away, as what comes then is missing. An older version that knows
// nothing of flows leaves it, but the shard then has had more changes than were
// counted: they are counted anew from here on. Days begin summed up to now.
func (s *Store) markFlows(ctx context.Context, shard int, m *meta) error {
	key := s.keys.meta(shard)
	_, err := s.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for _, step := range steps {
			switch {
			case s.cfg.flowDays(step) == 0:
				pipe.HDel(ctx, key, step.field())
			case m.counted >= 0 && m.counted != m.outbox:
				pipe.HSet(ctx, key, step.field(), m.clock)
			default:
				pipe.HSetNX(ctx, key, step.field(), m.clock)
			}
		}
		if s.cfg.countsFlows() {
			pipe.HSet(ctx, key, "counted", m.outbox)
		} else {
			pipe.HDel(ctx, key, "counted")
		}
		if s.cfg.DailyFlowDays == 0 {
			pipe.HDel(ctx, key, "summed")
		} else {
			pipe.HSetNX(ctx, key, "summed", summable(shard, s.now()))
		}
		return nil
	})
	return err
}
