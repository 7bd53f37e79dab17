package sink

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"muster/cube"
	"muster/hyperloglog"
)

const (
	// packAfter is how much longer than it would have to a day keeps a key of its
	// own, as the clocks of those who add to it differ.
	packAfter = time.Hour
	// packDays is how many days are packed in one transaction, up to 12 KB each.
	packDays = 31
	// packBack is how many days are looked at where days are kept for ever.
	packBack = 3660
	// packTries is how often a transaction is tried that others get in the way of.
	packTries = 5
)

// ReachPackable is the last day that PackReach packs now, in days since 1970 UTC.
func (s *Store) ReachPackable() int64 { return s.reachOver(s.now().Add(-packAfter)) }

// PackReach packs the days of a segment's reach that are over: each goes into what
// is kept of the day, its week and its month, and its key goes. It returns how many
// days it has packed. Anybody may call it at any time, and again after any error.
func (s *Store) PackReach(ctx context.Context, segment string) (int, error) {
	last, back := s.ReachPackable(), int64(s.cfg.ReachDays)
	if back == 0 {
		back = packBack
	}
	all := 0
	for first := last - back; first <= last; first += packDays {
		n, err := s.packPage(ctx, segment, first, min(first+packDays-1, last))
		if err != nil {
			return all, fmt.Errorf("packing reach of %s: %w", segment, err)
		}
		all += n
	}
	return all, nil
}

// packPage packs some days, behind which no earlier ones wait.
func (s *Store) packPage(ctx context.Context, segment string, first, last int64) (packed int, err error) {
	err = s.retry(ctx, "packing reach", func(ctx context.Context) error {
		days, err := s.readDays(ctx, s.client, segment, first, last)
		if packed = len(days); err != nil || packed == 0 {
			return err
		}
		watched := []string{s.keys.pastReach(segment)}
		for day := range days {
			watched = append(watched, s.keys.reach(segment, day))
		}
		for range packTries {
			err = s.client.Watch(ctx, func(tx *redis.Tx) error {
				p := packing{store: s, segment: segment, first: first, last: last, tx: tx}
				packed, err = p.run(ctx)
				return err
			}, watched...)
			if !errors.Is(err, redis.TxFailedErr) {
				return err
			}
		}
		packed = 0 // somebody packs them or adds to them all the time: left for the next time
		return nil
	})
	return packed, err
}

// packing is one attempt.
type packing struct {
	store       *Store
	segment     string
	first, last int64
	tx          *redis.Tx
	past        *pastReach
	periods     []cube.Period // weeks and months that are written
}

func (p *packing) run(ctx context.Context) (int, error) {
	days, err := p.store.readDays(ctx, p.tx, p.segment, p.first, p.last)
	if err != nil || len(days) == 0 {
		return 0, err
	}
	if err := p.gather(ctx, days); err != nil {
		return 0, err
	}
	gone, err := p.tooOld(ctx)
	if err != nil {
		return 0, err
	}
	_, err = p.tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		p.write(ctx, pipe, gone)
		for day := range days {
			pipe.Unlink(ctx, p.store.keys.reach(p.segment, day))
		}
		return nil
	})
	return len(days), err
}

// gather adds the days to their weeks and months, beside which those are read
// that were not over the last time.
func (p *packing) gather(ctx context.Context, days map[int64]*hyperloglog.Sketch) error {
	open, err := p.tx.HGet(ctx, p.store.keys.pastReach(p.segment), pastOpen).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	for _, name := range strings.Fields(open) {
		if period, ok := cube.ParsePeriod(name); ok {
			p.periods = append(p.periods, period)
		}
	}
	for day := range days {
		p.periods = append(p.periods, cube.Week.Around(day), cube.Month.Around(day))
	}
	slices.SortFunc(p.periods, func(a, b cube.Period) int { return strings.Compare(a.String(), b.String()) })
	p.periods = slices.Compact(p.periods)
	if p.past, err = p.store.readPast(ctx, p.tx, p.segment, p.periods); err != nil {
		return err
	}
	for _, day := range slices.Sorted(maps.Keys(days)) {
		p.past.weeks[cube.Week.Around(day)].Add(day, days[day])
		p.past.months[cube.Month.Around(day)].Add(days[day])
	}
	return nil
}

// tooOld returns the fields of periods that are no more to be kept.
func (p *packing) tooOld(ctx context.Context) ([]string, error) {
	if p.store.cfg.ReachDays == 0 {
		return nil, nil
	}
	names, err := p.tx.HKeys(ctx, p.store.keys.pastReach(p.segment)).Result()
	kept := p.store.ReachPackable() - int64(p.store.cfg.ReachDays)
	return slices.DeleteFunc(names, func(name string) bool {
		period, ok := cube.ParsePeriod(name)
		return !ok || period.Last() >= kept
	}), err
}

func (p *packing) write(ctx context.Context, pipe redis.Pipeliner, gone []string) {
	key := p.store.keys.pastReach(p.segment)
	var fields []any
	var open []string
	for _, period := range p.periods {
		over := period.Last() <= p.last
		if !over {
			open = append(open, period.String())
		}
		var form []byte
		if period.Span == cube.Month {
			form = p.past.months[period].Append(nil, over, cube.Month)
		} else {
			form = p.past.weeks[period].Append(nil, over)
		}
		fields = append(fields, period.String(), form)
	}
	pipe.HSet(ctx, key, append(fields, pastOpen, strings.Join(open, " "))...)
	if len(gone) > 0 {
		pipe.HDel(ctx, key, gone...)
	}
	if days := p.store.cfg.ReachDays; days > 0 {
		pipe.ExpireAt(ctx, key, endOf(p.store.ReachPackable()+int64(days)))
	}
}
