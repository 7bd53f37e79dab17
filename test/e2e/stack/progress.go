package stack

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"
	kafkago "github.com/segmentio/kafka-go"

	"muster/test/kit/ruleset"
)

// Await asks until done says nil, and fails the test when it has not within
// the limit, with what it said last, or when an evaluator ends by itself.
func (s *System) Await(what string, limit time.Duration, done func() error) {
	s.t.Helper()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	for {
		asked := time.Now()
		err := done()
		if err == nil {
			return
		}
		for _, e := range s.evaluators {
			if ended := e.check(); ended != nil {
				s.t.Fatalf("waiting for %s: %v", what, ended)
			}
		}
		// A broker that is away, or busy, is asked again the next time.
		expired := s.expire()
		select {
		case <-deadline.C:
			s.t.Fatalf("waiting for %s: still not after %s: %v (expiring members: %v)", what, limit, err, expired)
		case <-time.After(pause(time.Since(asked))):
		}
	}
}

// The pause between two questions is three times what the last one took, so that
// asking, which may start a process, leaves the machine to what is waited for.
const (
	leastPause = 20 * time.Millisecond
	mostPause  = 250 * time.Millisecond
)

func pause(asking time.Duration) time.Duration { return min(max(3*asking, leastPause), mostPause) }

// AwaitSettled waits until everything produced so far is routed, applied and
// committed.
func (s *System) AwaitSettled(limit time.Duration) {
	s.t.Helper()
	s.Await("everything to be committed", limit, s.settled)
}

func (s *System) settled() error {
	if err := s.Routed(); err != nil {
		return err
	}
	ends, err := s.Ends(s.Keyed)
	if err != nil {
		return err
	}
	for shard, end := range ends {
		next, err := s.meta(shard, "next")
		if err != nil {
			return err
		}
		if next != end && end > 0 {
			return fmt.Errorf("shard %d has applied %d of %d records", shard, next, end)
		}
	}
	return nil
}

// Routed returns nil when everything on the source topic is on the keyed
// topic too, going by the offsets of the router's group.
func (s *System) Routed() error {
	if s.Sources == 0 {
		return nil
	}
	ends, err := s.Ends(s.Source)
	if err != nil {
		return err
	}
	ctx, cancel := s.bounded()
	defer cancel()
	asked := make([]int, len(ends))
	for i := range asked {
		asked[i] = i
	}
	res, err := s.admin.OffsetFetch(ctx, &kafkago.OffsetFetchRequest{
		GroupID: s.group() + "-router", Topics: map[string][]int{s.Source: asked},
	})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return fmt.Errorf("asking for the router's offsets: %w", err)
	}
	for _, p := range res.Topics[s.Source] {
		if end := ends[p.Partition]; p.CommittedOffset != end && end > 0 {
			return fmt.Errorf("%d of %d records of source partition %d are routed", p.CommittedOffset, end, p.Partition)
		}
	}
	return nil
}

// AwaitSwept waits until every profile has been looked at under these rules.
func (s *System) AwaitSwept(limit time.Duration, rules map[string]string) {
	s.t.Helper()
	fingerprint := ruleset.Compile(s.t, rules).Fingerprint()
	s.Await("all profiles to be looked at under the last rules", limit, func() error {
		unswept, err := s.unswept(fingerprint)
		if err == nil && len(unswept) > 0 {
			err = fmt.Errorf("shards %v are not swept", unswept)
		}
		return err
	})
}

// Unswept lists the shards of which not every profile has been looked at
// under these rules.
func (s *System) Unswept(rules map[string]string) ([]int, error) {
	s.t.Helper()
	return s.unswept(ruleset.Compile(s.t, rules).Fingerprint())
}

func (s *System) unswept(fingerprint string) (shards []int, err error) {
	ctx, cancel := s.bounded()
	defer cancel()
	for shard := range s.Shards {
		values, err := s.Redis.HMGet(ctx, s.key(shard, "meta"), "rules", "generation", "sweep", "swept").Result()
		if err != nil {
			return nil, fmt.Errorf("reading how far shard %d is swept: %w", shard, err)
		}
		if values[0] != fingerprint || values[1] != values[2] || values[1] != values[3] {
			shards = append(shards, shard)
		}
	}
	return shards, nil
}

// Applied returns how many records of the keyed topic are committed.
func (s *System) Applied() (int64, error) {
	var sum int64
	offsets, err := s.Offsets()
	for _, next := range offsets {
		sum += max(0, next)
	}
	return sum, err
}

// Offsets returns, for every shard, the offset behind its last committed
// record; -1 or 0 for none.
func (s *System) Offsets() ([]int64, error) {
	offsets := make([]int64, s.Shards)
	for shard := range offsets {
		var err error
		if offsets[shard], err = s.meta(shard, "next"); err != nil {
			return nil, err
		}
	}
	return offsets, nil
}

// meta returns a number of a shard's meta hash, 0 when it has none.
func (s *System) meta(shard int, field string) (int64, error) {
	ctx, cancel := s.bounded()
	defer cancel()
	text, err := s.Redis.HGet(ctx, s.key(shard, "meta"), field).Result()
	if errors.Is(err, goredis.Nil) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("reading %s of shard %d: %w", field, shard, err)
	}
	return strconv.ParseInt(text, 10, 64)
}

// key is a documented key of one shard.
func (s *System) key(shard int, name string) string {
	if s.Layout > 1 {
		return fmt.Sprintf("m:%d:{s%d}:%s", s.Layout, shard, name)
	}
	return fmt.Sprintf("m:{s%d}:%s", shard, name)
}
