package sink

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"muster/pipeline"
)

// CleanChronicle removes the entries of a shard's chronicle that are gone, of
// profiles whose erasures have the names given, and returns how many. It looks
// through one list a day for each of them.
func (s *Store) CleanChronicle(ctx context.Context, shard int, names []string, gone func(profile string, version uint64) bool) (removed int, err error) {
	var m meta
	err = s.retry(ctx, "reading shard", func(ctx context.Context) (err error) {
		m, err = readMeta(ctx, s.client, s.keys.meta(shard))
		return err
	})
	first, last, ever := chronicleDays([]meta{m}, time.Now())
	if err != nil || !ever {
		return 0, err
	}
	var parts []int
	for _, name := range names {
		if part, ok := pipeline.ErasedPartOf(name); ok {
			parts = append(parts, int(part)%chronicleParts)
		}
	}
	slices.Sort(parts)
	for _, part := range slices.Compact(parts) {
		for day := first; day <= last; day++ {
			n, err := s.cleanList(ctx, shard, chronicleList{day, part}, gone)
			removed += n
			if err != nil {
				return removed, fmt.Errorf("cleaning the chronicle of shard %d: %w", shard, err)
			}
		}
	}
	return removed, nil
}

// cleanList overwrites entries of one list by an empty text.
func (s *Store) cleanList(ctx context.Context, shard int, list chronicleList, gone func(profile string, version uint64) bool) (removed int, err error) {
	key := s.keys.chronicle(shard, list)
	var places []int64
	err = s.eachChronicled(ctx, []chronicleList{list}, func(chronicleList) string { return key }, func(_, index int, text string) error {
		c, err := chronicledOf(list.day, text)
		if err == nil && gone(c.Profile, c.Version) {
			places = append(places, int64(index))
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	for chunk := range slices.Chunk(places, chroniclePage) {
		err := s.retry(ctx, "cleaning a chronicle", func(ctx context.Context) error {
			_, err := s.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
				for _, place := range chunk {
					pipe.LSet(ctx, key, place, "")
				}
				return nil
			})
			if err != nil && strings.Contains(err.Error(), "no such key") {
				return nil // it has expired
			}
			return err
		})
		if err != nil {
			return removed, err
		}
		removed += len(chunk)
	}
	return removed, nil
}
