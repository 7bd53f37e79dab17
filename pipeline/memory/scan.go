package memory

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"

	"muster/pipeline"
)

// buckets is how many buckets a shard has. Here they save nothing, and are
// there so that sweeps go the way that they go elsewhere.
const buckets = 8

var _ pipeline.Scanner = (*Store)(nil)

// Count implements pipeline.Scanner.
func (s *Store) Count(_ context.Context, number int) (profiles int64, of int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held, err := s.own(number)
	if err != nil {
		return 0, 0, fmt.Errorf("counting profiles of shard %d: %w", number, err)
	}
	return int64(len(held.profiles)), buckets, nil
}

// Scan implements pipeline.Scanner, with the profiles of a bucket in order.
func (s *Store) Scan(_ context.Context, number, bucket, limit int) (profiles []string, next int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held, err := s.own(number)
	if err == nil && bucket < 0 {
		err = fmt.Errorf("bucket %d is negative", bucket)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("scanning shard %d: %w", number, err)
	}
	var each [buckets][]string
	for profile := range held.profiles {
		in := bucketOf(profile)
		each[in] = append(each[in], profile)
	}
	for bucket < buckets {
		slices.Sort(each[bucket])
		profiles = append(profiles, each[bucket]...)
		bucket++
		if len(profiles) >= limit {
			return profiles, bucket, nil
		}
	}
	return profiles, buckets, nil
}

func bucketOf(profile string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(profile)) // never fails
	return int(h.Sum32() % buckets)
}
