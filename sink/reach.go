package sink

import (
	"context"
	"fmt"
	"time"

	"muster/pipeline"
)

// Bounds of reach.
const (
	reachChunk   = 1000 // profiles in one PFADD
	maxReachSpan = 1100 // days in one Reach, about three years
)

// addReach adds profiles to their daily keys. It is not part of the
// transaction, as these keys are in other slots: adding twice is adding once,
// so a batch that is replayed does no harm.
func (s *Store) addReach(ctx context.Context, reach []pipeline.Reach) error {
	if len(reach) == 0 {
		return nil
	}
	type daily struct {
		segment string
		day     int64
	}
	profiles := map[daily][]any{}
	for _, r := range reach {
		key := daily{r.Segment, r.Day}
		profiles[key] = append(profiles[key], r.Profile)
	}
	return s.retry(ctx, "adding reach", func(ctx context.Context) error {
		pipe := s.client.Pipeline()
		for d, ids := range profiles {
			key := s.keys.reach(d.segment, d.day)
			for len(ids) > 0 {
				n := min(len(ids), reachChunk)
				pipe.PFAdd(ctx, key, ids[:n]...)
				ids = ids[n:]
			}
			if s.cfg.ReachDays > 0 {
				pipe.ExpireAt(ctx, key, endOf(d.day+int64(s.cfg.ReachDays)))
			}
		}
		_, err := pipe.Exec(ctx)
		return err
	})
}

// endOf returns the last instant of a day plus one, in days since 1970 UTC.
func endOf(day int64) time.Time { return time.Unix((day+1)*86400, 0) }

// Reach estimates how many profiles were active as members of a segment on
// at least one of the days from first to last, both included, in days since
// 1970 UTC; at most 1,100 days. The standard error is 0.81%.
func (s *Store) Reach(ctx context.Context, segment string, first, last int64) (int64, error) {
	if last < first || last-first >= maxReachSpan {
		return 0, fmt.Errorf("counting reach of %s: %d days, it must be 1 to %d", segment, last-first+1, maxReachSpan)
	}
	var keys []string
	for day := first; day <= last; day++ {
		keys = append(keys, s.keys.reach(segment, day))
	}
	var count int64
	err := s.retry(ctx, "counting reach", func(ctx context.Context) (err error) {
		count, err = s.client.PFCount(ctx, keys...).Result()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("counting reach of %s: %w", segment, err)
	}
	return count, nil
}
