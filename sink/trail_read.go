package sink

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

const (
	// trailEntries is how many entries of a shard's trail one reply brings, some
	// 300 KB of them with ids of 20 bytes.
	trailEntries = 64
	// trailShards is how many shards are asked in one pipeline.
	trailShards = 32
	// wholeCommit is the part of a place behind all parts of a commit.
	wholeCommit = math.MaxInt64
)

// TrailPlace is how far somebody has followed the trail of a shard.
type TrailPlace struct {
	commit, part int64
	epoch        int64 // of that commit, 0 where it is not known
	owner        int64 // epoch of the shard when it was looked at
}

// Trail is what was read of the trail of a shard.
type Trail struct {
	// IDs are those of the profiles that were touched behind the place that was
	// asked for. One may come several times.
	IDs []string
	// Place is behind them. More says that there are more.
	Place TrailPlace
	More  bool
	// Lost says that it is not known which profiles were touched: entries were
	// dropped before they were read, commits came without an entry, or Redis has
	// lost writes. Nothing else is told then. All profiles of the shard are to be
	// read anew, from TrailEnd on.
	Lost bool
}

// TrailEnd returns the place behind the last commit of a shard.
func (s *Store) TrailEnd(ctx context.Context, shard int) (TrailPlace, error) {
	place := TrailPlace{part: wholeCommit}
	err := s.retry(ctx, "reading trail", func(ctx context.Context) error {
		stored, err := s.client.HMGet(ctx, s.keys.meta(shard), "epoch", "commits").Result()
		if err == nil {
			place.owner, place.commit, err = trailMeta(s.keys.meta(shard), stored)
		}
		return err
	})
	if err == nil {
		place.epoch, err = s.trailEpoch(ctx, shard, place.commit)
	}
	if err != nil {
		return TrailPlace{}, fmt.Errorf("looking at the trail of shard %d: %w", shard, err)
	}
	return place, nil
}

// Trails reads some entries of each shard's trail behind a place, by shard.
// Shards are read in pipelines, so that to look for news of all takes few round
// trips.
func (s *Store) Trails(ctx context.Context, behind map[int]TrailPlace) (map[int]Trail, error) {
	trails := make(map[int]Trail, len(behind))
	chunk := make(map[int]TrailPlace, trailShards)
	for shard, place := range behind {
		if chunk[shard] = place; len(chunk) == trailShards || len(trails)+len(chunk) == len(behind) {
			if err := s.someTrails(ctx, chunk, trails); err != nil {
				return nil, fmt.Errorf("reading trails: %w", err)
			}
			clear(chunk)
		}
	}
	return trails, nil
}

// trailRead is what is read of one trail.
type trailRead struct {
	meta    *redis.SliceCmd
	entries *redis.XMessageSliceCmd
}

// someTrails adds the trails of some shards.
func (s *Store) someTrails(ctx context.Context, behind map[int]TrailPlace, to map[int]Trail) error {
	reads := make(map[int]trailRead, len(behind))
	err := s.retry(ctx, "reading trails", func(ctx context.Context) error {
		pipe := s.client.Pipeline()
		for shard, place := range behind {
			reads[shard] = trailRead{
				pipe.HMGet(ctx, s.keys.meta(shard), "epoch", "commits"), // before the entries: they are of as many commits or more
				pipe.XRangeN(ctx, s.keys.trail(shard), place.behind(), "+", trailEntries),
			}
		}
		_, err := pipe.Exec(ctx)
		return err
	})
	if err != nil {
		return err
	}
	for shard, place := range behind {
		trail, err := s.follow(ctx, shard, place, reads[shard])
		if err != nil {
			return fmt.Errorf("shard %d: %w", shard, err)
		}
		to[shard] = trail
	}
	return nil
}

// follow goes from a place along the entries that were read.
func (s *Store) follow(ctx context.Context, shard int, place TrailPlace, read trailRead) (Trail, error) {
	epoch, commits, err := trailMeta(s.keys.meta(shard), read.meta.Val())
	if err != nil || commits < place.commit {
		return Trail{Lost: true}, err
	}
	trail, begun := Trail{More: len(read.entries.Val()) == trailEntries}, place
	for i := range read.entries.Val() {
		entry, err := trailEntryOf(&read.entries.Val()[i])
		if err != nil {
			return Trail{}, err
		}
		if !entry.follows(place) {
			return Trail{Lost: true}, nil
		}
		place = TrailPlace{commit: entry.commit, part: entry.part, epoch: entry.epoch, owner: epoch}
		trail.IDs = append(trail.IDs, entry.ids...)
	}
	if !trail.More {
		if place.commit < commits {
			return Trail{Lost: true}, nil
		}
		place.part = wholeCommit
	}
	if epoch != begun.owner || place.epoch > epoch {
		if kept, err := s.kept(ctx, shard, begun); err != nil || !kept {
			return Trail{Lost: true}, err
		}
	}
	place.owner = epoch
	trail.Place = place
	return trail, nil
}

// kept reports whether the commit of a place is still the one that it was: else
// Redis has lost it, and another one has its number. Only a new owner can have
// made that one.
func (s *Store) kept(ctx context.Context, shard int, place TrailPlace) (bool, error) {
	epoch, err := s.trailEpoch(ctx, shard, place.commit)
	return place.commit == 0 || epoch != 0 && epoch == place.epoch, err
}

// trailEpoch returns the epoch that stands at a commit, 0 where there is no entry
// of it.
func (s *Store) trailEpoch(ctx context.Context, shard int, commit int64) (int64, error) {
	id := strconv.FormatInt(commit, 10) + "-0"
	var found []redis.XMessage
	err := s.retry(ctx, "reading trail", func(ctx context.Context) (err error) {
		found, err = s.client.XRange(ctx, s.keys.trail(shard), id, id).Result()
		return err
	})
	if err != nil || len(found) == 0 {
		return 0, err
	}
	entry, err := trailEntryOf(&found[0])
	return entry.epoch, err
}

// behind is where XRANGE begins for what follows a place.
func (p TrailPlace) behind() string {
	if p.part == wholeCommit {
		return strconv.FormatInt(p.commit+1, 10)
	}
	return "(" + string(appendID(nil, p.commit, p.part))
}

// trailEntry is an entry of a trail.
type trailEntry struct {
	commit, part, epoch int64
	ids                 []string
}

// follows reports whether nothing is missing between a place and the entry.
func (e *trailEntry) follows(p TrailPlace) bool {
	return e.commit == p.commit+1 && e.part == 0 || e.commit == p.commit && p.part != wholeCommit && e.part == p.part+1
}

func trailEntryOf(message *redis.XMessage) (e trailEntry, err error) {
	commit, part, _ := strings.Cut(message.ID, "-")
	epoch, _ := message.Values["epoch"].(string)
	for _, number := range []struct {
		text string
		to   *int64
	}{{commit, &e.commit}, {part, &e.part}, {epoch, &e.epoch}} {
		if *number.to, err = strconv.ParseInt(number.text, 10, 64); err != nil {
			return e, final("entry %s of the trail has another form", message.ID)
		}
	}
	ids, _ := message.Values["ids"].(string)
	e.ids, err = trailOf(ids)
	return e, err
}

// trailMeta reads the epoch and the number of commits of a shard.
func trailMeta(key string, values []any) (epoch, commits int64, err error) {
	for i, number := range []*int64{&epoch, &commits} {
		text, _ := values[i].(string) // nil for a field that is absent
		if err := parse(key, []string{"epoch", "commits"}[i], text, number); err != nil {
			return 0, 0, err
		}
	}
	return epoch, commits, nil
}
