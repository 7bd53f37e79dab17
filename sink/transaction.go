package sink

import (
	"context"
	"maps"
	"slices"

	"github.com/redis/go-redis/v9"

	"muster/pipeline"
)

// fill queues everything a commit changes. The meta hash comes first, see
// attempts.send.
func (s *Store) fill(ctx context.Context, pipe redis.Pipeliner, shard int, c *pipeline.Commit) {
	key := s.keys.meta(shard)
	pipe.HSet(ctx, key,
		"next", c.Next, "clock", c.Clock, "outbox", c.Outbox+int64(len(c.Changes)),
		"rules", c.Rules, "generation", c.Generation)
	pipe.HIncrBy(ctx, key, "commits", 1)
	if len(c.NewNames) > 0 {
		pipe.RPush(ctx, s.keys.names(shard), anys(c.NewNames)...)
	}
	if c.Gap != nil {
		pipe.RPush(ctx, s.keys.gaps(shard), formatGap(*c.Gap))
	}
	s.fillProfiles(ctx, pipe, shard, c.Profiles)
	s.fillMembers(ctx, pipe, shard, c)
	s.fillOutbox(ctx, pipe, shard, c)
}

func (s *Store) fillProfiles(ctx context.Context, pipe redis.Pipeliner, shard int, writes []pipeline.Write) {
	fields := map[string][]any{}
	var set []redis.Z
	var removed []any
	for _, w := range writes {
		key := s.keys.profiles(shard, w.Profile)
		fields[key] = append(fields[key], w.Profile, w.Blob)
		switch {
		case w.Timer && w.Deadline == 0:
			removed = append(removed, w.Profile)
		case w.Timer:
			set = append(set, redis.Z{Score: float64(w.Deadline), Member: w.Profile})
		}
	}
	for key, pairs := range fields {
		pipe.HSet(ctx, key, pairs...)
	}
	if len(set) > 0 {
		pipe.ZAdd(ctx, s.keys.timers(shard), set...)
	}
	if len(removed) > 0 {
		pipe.ZRem(ctx, s.keys.timers(shard), removed...)
	}
}

// movement is what all changes of a commit come to for one segment.
type movement struct {
	size   int64
	inside map[string]bool // by profile, whether its last change entered
}

func (s *Store) fillMembers(ctx context.Context, pipe redis.Pipeliner, shard int, c *pipeline.Commit) {
	movements := map[string]*movement{}
	for _, change := range c.Changes {
		m := movements[change.Segment]
		if m == nil {
			m = &movement{inside: map[string]bool{}}
			movements[change.Segment] = m
		}
		m.inside[change.Profile] = change.Entered
		if change.Entered {
			m.size++
		} else {
			m.size--
		}
	}
	for _, segment := range slices.Sorted(maps.Keys(movements)) {
		m := movements[segment]
		if m.size != 0 {
			pipe.HIncrBy(ctx, s.keys.sizes(shard), segment, m.size)
		}
		if !c.Hidden[segment] {
			m.fill(ctx, pipe, s.keys.members(shard, segment))
		}
	}
}

func (m *movement) fill(ctx context.Context, pipe redis.Pipeliner, key string) {
	var entered, left []any
	for profile, inside := range m.inside {
		if inside {
			entered = append(entered, profile)
		} else {
			left = append(left, profile)
		}
	}
	if len(entered) > 0 {
		pipe.SAdd(ctx, key, entered...)
	}
	if len(left) > 0 {
		pipe.SRem(ctx, key, left...)
	}
}

func anys(texts []string) []any {
	values := make([]any, len(texts))
	for i, text := range texts {
		values[i] = text
	}
	return values
}
