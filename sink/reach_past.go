package sink

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"muster/cube"
	"muster/hyperloglog"
)

// Reach of the newest days is a HyperLogLog of Redis for each segment and day, to
// which commits add. Full, one takes 12 KB, of which a year of ten thousand
// segments would take 50 GB. So days that are over are packed, see PackReach, into
// one hash for each segment:
//
//	m:hll:{<segment>}:past   hash   w20261123 -> a week and its days, m202611 -> a month,
//	                                open -> the names of those that were not over when written
//
// What comes of a day later makes its key anew, and is packed again: adding twice
// is adding once. So readers unite both, keys first: of a day that is packed in
// between they see the key or the hash, or both, which is the same.

// pastOpen is a field that names periods which are kept in full.
const pastOpen = "open"

func (k keys) pastReach(segment string) string {
	return k.prefix + ":hll:{" + segment + "}:past"
}

// reachOver is the last day that may be packed at an instant.
func (s *Store) reachOver(now time.Time) int64 {
	return now.Unix()/86400 - 1 - int64(s.cfg.ReachFullDays)
}

// pastReach is what is packed of a segment, as far as it was asked for. What is
// not there is of nobody.
type pastReach struct {
	weeks  map[cube.Period]*cube.ReachWeek
	months map[cube.Period]*cube.Reach
}

// of returns what there is of a period.
func (p *pastReach) of(period cube.Period) *cube.Reach {
	switch period.Span {
	case cube.Month:
		return p.months[period]
	case cube.Week:
		return &p.weeks[period].All
	}
	return p.weeks[cube.Week.Around(period.First)].Day(period.First)
}

// fieldOf is the period that a field of the hash is of: a day is in its week.
func fieldOf(p cube.Period) cube.Period {
	if p.Span == cube.Day {
		return cube.Week.Around(p.First)
	}
	return p
}

// readPast reads what is packed of some periods.
func (s *Store) readPast(ctx context.Context, c redis.Cmdable, segment string, periods []cube.Period) (*pastReach, error) {
	past := &pastReach{weeks: map[cube.Period]*cube.ReachWeek{}, months: map[cube.Period]*cube.Reach{}}
	var wanted []cube.Period
	var names []string
	for _, p := range periods {
		if p = fieldOf(p); !slices.Contains(wanted, p) {
			wanted, names = append(wanted, p), append(names, p.String())
		}
	}
	key := s.keys.pastReach(segment)
	forms, err := c.HMGet(ctx, key, names...).Result()
	if err != nil {
		return nil, err
	}
	for i, p := range wanted {
		form, _ := forms[i].(string) // nil for a field that is absent
		if err := past.take(p, form); err != nil {
			return nil, final("%s of %s can't be read: another program or a newer version has written it, remove the field: %w", names[i], key, err)
		}
	}
	return past, nil
}

func (p *pastReach) take(period cube.Period, form string) (err error) {
	if period.Span == cube.Month {
		month := &cube.Reach{}
		if p.months[period] = month; form != "" {
			_, err = month.Read([]byte(form))
		}
		return err
	}
	week := &cube.ReachWeek{}
	if p.weeks[period] = week; form != "" {
		err = week.Read([]byte(form))
	}
	return err
}

// reachPage is how many days of reach one pipeline reads, up to 12 KB each.
const reachPage = 100

// readDays reads the days that have a key of their own.
func (s *Store) readDays(ctx context.Context, c redis.Cmdable, segment string, first, last int64) (map[int64]*hyperloglog.Sketch, error) {
	days := map[int64]*hyperloglog.Sketch{}
	for ; first <= last; first += reachPage {
		n := min(reachPage, last-first+1)
		forms, err := c.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for i := range n {
				pipe.Get(ctx, s.keys.reach(segment, first+i))
			}
			return nil
		})
		if err != nil && !errors.Is(err, redis.Nil) {
			return nil, err
		}
		for i, form := range forms {
			text, err := form.(*redis.StringCmd).Bytes()
			if errors.Is(err, redis.Nil) {
				continue
			}
			day := &hyperloglog.Sketch{}
			if err == nil {
				err = day.MergeForm(text)
			}
			if err != nil {
				return nil, final("%s can't be read: %w", s.keys.reach(segment, first+int64(i)), err)
			}
			days[first+int64(i)] = day
		}
	}
	return days, nil
}

// unite reads who was active as a member of a segment on some days, by as few
// periods as cover them.
func (s *Store) unite(ctx context.Context, segment string, first, last int64) (*cube.ReachUnion, error) {
	if last < first || last-first >= maxReachSpan {
		return nil, fmt.Errorf("reading reach of %s: %d days, it must be 1 to %d", segment, last-first+1, maxReachSpan)
	}
	periods := cube.Cover(first, last)
	var union *cube.ReachUnion
	err := s.retry(ctx, "reading reach", func(ctx context.Context) error {
		days, err := s.readDays(ctx, s.client, segment, first, last)
		if err != nil {
			return err
		}
		past, err := s.readPast(ctx, s.client, segment, periods)
		if err != nil {
			return err
		}
		union = &cube.ReachUnion{}
		for _, p := range periods {
			r := past.of(p)
			for day := p.First; day <= p.Last(); day++ {
				if one := days[day]; one != nil {
					r.Add(one)
				}
			}
			union.Add(r)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading reach of %s: %w", segment, err)
	}
	return union, nil
}

// Reach estimates how many profiles were active as members of a segment on
// at least one of the days from first to last, both included, in days since
// 1970 UTC; at most 1,100 days. The standard error is 0.81 % of one day, week or
// month, and of days that are not packed; else it is that of the coarsest period
// that they are read from, see docs/operations.md.
func (s *Store) Reach(ctx context.Context, segment string, first, last int64) (int64, error) {
	union, err := s.unite(ctx, segment, first, last)
	if err != nil {
		return 0, err
	}
	return union.Count(), nil
}

// ReachSketch returns the sketch of the profiles that Reach counts, to be held
// beside others.
func (s *Store) ReachSketch(ctx context.Context, segment string, first, last int64) (*hyperloglog.Sketch, error) {
	union, err := s.unite(ctx, segment, first, last)
	if err != nil {
		return nil, err
	}
	return union.Sketch(), nil
}

// DailyReach estimates how many members of a segment were active on each of
// the days from first to last, in days since 1970 UTC; at most 1,100 of them.
func (s *Store) DailyReach(ctx context.Context, segment string, first, last int64) ([]int64, error) {
	if last < first || last-first >= maxReachSpan {
		return nil, fmt.Errorf("counting reach of %s: %d days, it must be 1 to %d", segment, last-first+1, maxReachSpan)
	}
	counts := make([]*redis.IntCmd, last-first+1)
	reach := make([]int64, len(counts))
	err := s.retry(ctx, "counting reach", func(ctx context.Context) error {
		pipe := s.client.Pipeline()
		for i := range counts {
			counts[i] = pipe.PFCount(ctx, s.keys.reach(segment, first+int64(i)))
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return err
		}
		periods := make([]cube.Period, len(counts))
		for i := range periods {
			periods[i] = cube.Period{Span: cube.Day, First: first + int64(i)}
		}
		past, err := s.readPast(ctx, s.client, segment, periods)
		if err != nil {
			return err
		}
		for i, p := range periods {
			if reach[i], err = s.dayOf(ctx, segment, past.of(p), p.First, counts[i].Val()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("counting reach of %s: %w", segment, err)
	}
	return reach, nil
}

// dayOf counts a day of which there may be a packed part, a key, or both.
func (s *Store) dayOf(ctx context.Context, segment string, packed *cube.Reach, day, own int64) (int64, error) {
	switch {
	case own == 0:
		return packed.Count(), nil
	case packed.Count() == 0:
		return own, nil
	}
	days, err := s.readDays(ctx, s.client, segment, day, day)
	if err == nil && days[day] != nil { // else it was packed meanwhile
		packed.Add(days[day])
	}
	return packed.Count(), err
}
