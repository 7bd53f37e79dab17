package sink

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"muster/pipeline"
)

const (
	// chroniclePage is how many entries one reply brings of a list.
	chroniclePage = 1000
	// chronicleLists is how many lists one pipeline asks for their first page.
	chronicleLists = 32
)

// ChronicleParts is how many parts the chronicle of a shard has.
const ChronicleParts = chronicleParts

// Chronicle is what the chronicle of a shard can tell.
type Chronicle struct {
	Whole bool  // whether it has all changes later than Since that are kept
	Since int64 // ms since 1970 UTC
	Keep  int64 // how long changes are kept, in ms; 0 for a shard without any
	Clock int64 // the shard's, ms since 1970 UTC
}

// Chronicle reads what the chronicle of a shard can tell. Anyone may ask.
func (s *Store) Chronicle(ctx context.Context, shard int) (Chronicle, error) {
	var m meta
	err := s.retry(ctx, "reading shard", func(ctx context.Context) (err error) {
		m, err = readMeta(ctx, s.client, s.keys.meta(shard))
		return err
	})
	if err != nil {
		return Chronicle{}, fmt.Errorf("looking at the chronicle of shard %d: %w", shard, err)
	}
	return Chronicle{Whole: m.wholeChronicle(), Since: m.chronicle.since, Keep: m.chronicle.keep, Clock: m.clock}, nil
}

// ChroniclePart returns the part that a profile's changes are in.
func ChroniclePart(profile string) int { return chroniclePart(profile) }

// Chronicled calls fn with the changes of one part of a shard's chronicle on
// some days, in days since 1970 UTC, both included and from first on, whichever
// is earlier. Within a day they come as they were committed; one may come
// twice. What is committed meanwhile is told or not. fn must not keep the
// change.
func (s *Store) Chronicled(ctx context.Context, shard, part int, first, last int64, fn func(*pipeline.Change) error) error {
	var lists []chronicleList
	step := int64(1)
	if last < first {
		step = -1
	}
	for day := first; day != last+step; day += step {
		lists = append(lists, chronicleList{day, part})
	}
	err := s.eachChronicled(ctx, lists, func(l chronicleList) string { return s.keys.chronicle(shard, l) },
		func(i, _ int, text string) error {
			c, err := chronicledOf(lists[i].day, text)
			if err != nil {
				return err
			}
			return fn(&c)
		})
	if err != nil {
		return fmt.Errorf("reading the chronicle of shard %d: %w", shard, err)
	}
	return nil
}

// eachChronicled calls fn with the entries of some lists that were not erased:
// the list, the entry's index in it, and the entry.
func (s *Store) eachChronicled(ctx context.Context, lists []chronicleList, key func(chronicleList) string, fn func(list, index int, text string) error) error {
	for from := 0; from < len(lists); from += chronicleLists {
		some := lists[from:min(from+chronicleLists, len(lists))]
		var replies []*redis.StringSliceCmd
		err := s.retry(ctx, "reading a chronicle", func(ctx context.Context) error {
			pipe := s.client.Pipeline()
			replies = replies[:0]
			for _, list := range some {
				replies = append(replies, pipe.LRange(ctx, key(list), 0, chroniclePage-1))
			}
			_, err := pipe.Exec(ctx)
			return err
		})
		if err != nil {
			return err
		}
		for i, reply := range replies {
			if err := s.eachOfList(ctx, key(some[i]), reply.Val(), func(index int, text string) error { return fn(from+i, index, text) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// eachOfList goes on with a list behind its first page.
func (s *Store) eachOfList(ctx context.Context, key string, page []string, fn func(index int, text string) error) error {
	for index := 0; ; {
		for _, text := range page {
			if text != "" {
				if err := fn(index, text); err != nil {
					return err
				}
			}
			index++
		}
		if len(page) < chroniclePage {
			return nil
		}
		err := s.retry(ctx, "reading a chronicle", func(ctx context.Context) (err error) {
			page, err = s.client.LRange(ctx, key, int64(index), int64(index+chroniclePage-1)).Result()
			return err
		})
		if err != nil {
			return err
		}
	}
}

// chronicleDays returns the first and last day that lists can be of, by the
// marks of some shards; false where there never was a chronicle.
func chronicleDays(shards []meta, now time.Time) (first, last int64, ever bool) {
	most, newest := int64(0), now.UnixMilli()
	for i := range shards {
		most, newest = max(most, shards[i].chronicle.most), max(newest, shards[i].clock)
	}
	const around = 2 // days, for the margin and for clocks that differ
	return max(0, dayOf(now.UnixMilli()-most)-around), dayOf(newest) + around, most > 0
}

// MembersPage is some of a member set, and what is known of the shard around it.
type MembersPage struct {
	Profiles []string
	Next     uint64 // where Redis' SSCAN goes on, 0 at the end
	Size     int64  // of the segment in the shard: the least of before and behind
	Outbox   int64  // entries that the outbox ever got, read behind the page
}

// MembersPage reads about count members of a segment in a shard, from a
// position of Redis' SSCAN on. A transaction would need permissions that who
// only reads does not have; one pipeline keeps the order, which is enough.
func (s *Store) MembersPage(ctx context.Context, segment string, shard int, position uint64, count int) (p MembersPage, err error) {
	err = s.retry(ctx, "reading members", func(ctx context.Context) error {
		pipe := s.client.Pipeline()
		before := pipe.HMGet(ctx, s.keys.sizes(shard), segment)
		page := pipe.SScan(ctx, s.keys.members(shard, segment), position, "", int64(count))
		behind := pipe.HMGet(ctx, s.keys.sizes(shard), segment)
		outbox := pipe.HMGet(ctx, s.keys.meta(shard), "outbox")
		if _, err := pipe.Exec(ctx); err != nil {
			return err
		}
		p.Profiles, p.Next = page.Val()
		var first int64
		for _, one := range []struct {
			reply      *redis.SliceCmd
			key, field string
			number     *int64
		}{
			{before, s.keys.sizes(shard), segment, &first}, {behind, s.keys.sizes(shard), segment, &p.Size},
			{outbox, s.keys.meta(shard), "outbox", &p.Outbox},
		} {
			text, _ := one.reply.Val()[0].(string)
			if err := parse(one.key, one.field, text, one.number); err != nil {
				return err
			}
		}
		p.Size = min(p.Size, first)
		return nil
	})
	if err != nil {
		return p, fmt.Errorf("reading members of %s: %w", segment, err)
	}
	return p, nil
}

// OutboxEnds returns the ids of the oldest and the newest change that a shard's
// outbox keeps, "" for none.
func (s *Store) OutboxEnds(ctx context.Context, shard int) (oldest, newest string, err error) {
	first, err := s.Outbox(ctx, shard, "", 1)
	if err != nil || len(first) == 0 {
		return "", "", err
	}
	last, _, err := s.outboxBack(ctx, shard, "", 1)
	if err != nil || len(last) == 0 {
		return "", "", err
	}
	return first[0].ID, last[0].ID, nil
}
