package sink

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"muster/hyperloglog"
)

// reachPage is how many days of reach one pipeline reads, up to 12 KB each.
const reachPage = 100

// ReachSketch returns the sketch of the profiles that Reach counts, to be held
// beside others.
func (s *Store) ReachSketch(ctx context.Context, segment string, first, last int64) (*hyperloglog.Sketch, error) {
	if last < first || last-first >= maxReachSpan {
		return nil, fmt.Errorf("reading reach of %s: %d days, it must be 1 to %d", segment, last-first+1, maxReachSpan)
	}
	var keys []string
	for day := first; day <= last; day++ {
		keys = append(keys, s.keys.reach(segment, day))
	}
	all := &hyperloglog.Sketch{}
	for page := range slices.Chunk(keys, reachPage) {
		err := s.retry(ctx, "reading reach", func(ctx context.Context) error {
			forms, err := s.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
				for _, key := range page {
					pipe.Get(ctx, key)
				}
				return nil
			})
			if err != nil && !errors.Is(err, redis.Nil) {
				return err
			}
			for i, form := range forms {
				text, err := form.(*redis.StringCmd).Bytes()
				if errors.Is(err, redis.Nil) {
					continue
				}
				if err == nil {
					err = all.MergeForm(text)
				}
				if err != nil {
					return final("%s can't be read: %w", page[i], err)
				}
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("reading reach of %s: %w", segment, err)
		}
	}
	return all, nil
}
