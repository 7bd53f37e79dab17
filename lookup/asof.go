package lookup

import (
	"context"
	"slices"
	"time"

	"muster/pipeline"
	"muster/sink"
)

// What was at an instant is told by undoing: who is in a segment now, less the
// changes that the chronicle has since. The first of them behind the instant
// says how it was before. Changes count in the order of a profile's versions.

const dayMillis = 86_400_000

// ahead is how far behind the wall clock's an instant may be asked for, for
// clocks that differ.
const ahead = time.Minute

// kept says what the chronicle of a shard can tell, and refuses an instant that
// it can't tell of.
func (r *Reader) kept(ctx context.Context, shard int, at int64) (sink.Chronicle, error) {
	c, err := r.store.Chronicle(ctx, shard)
	if err != nil {
		return c, err
	}
	now := time.Now()
	if limit := max(now.Add(ahead).UnixMilli(), c.Clock); at > limit {
		return c, input("the time %s is in the future", Instant(at))
	}
	from, err := begins(shard, c, now)
	if err == nil && at < from {
		err = input("the time is %s, and the chronicle of shard %d tells from %s on: ask for then or later; redis.chronicle_keep says how long changes are kept",
			Instant(at), shard, Instant(from))
	}
	return c, err
}

// begins is the first instant that a chronicle tells of, in ms since 1970 UTC.
func begins(shard int, c sink.Chronicle, now time.Time) (int64, error) {
	switch {
	case !c.Whole:
		return 0, input("the chronicle of shard %d is not kept: set redis.chronicle_keep for all evaluators; it tells of what comes from then on", shard)
	case c.Keep == 0:
		return 0, nil // the shard has never had a change
	}
	return max(c.Since, now.UnixMilli()-c.Keep), nil
}

// newest is the last day that changes of a shard can be of, in days since 1970
// UTC: tomorrow, for clocks that differ.
func newest(c sink.Chronicle) int64 { return max(c.Clock, time.Now().UnixMilli())/dayMillis + 1 }

// first is the earliest change behind an instant of each of some things.
type first[K comparable] map[K]undone

// undone is a change that is undone. Before it all was the other way around.
type undone struct {
	version uint64
	entered bool
}

func (f first[K]) add(key K, c *pipeline.Change) {
	if before, known := f[key]; !known || c.Version < before.version {
		f[key] = undone{c.Version, c.Entered}
	}
}

// MembershipsAt tells in which segments a profile was at an instant, in ms since
// 1970 UTC. It reads the changes of a part of the shard since then.
func (r *Reader) MembershipsAt(ctx context.Context, id string, at int64) (*Memberships, error) {
	shard, err := r.ShardOf(id)
	if err != nil {
		return nil, err
	}
	c, err := r.kept(ctx, shard, at)
	if err != nil {
		return nil, err
	}
	m, err := r.Memberships(ctx, id)
	if err != nil {
		return nil, err
	}
	changes := first[string]{}
	version := m.Version + 1
	err = r.store.Chronicled(ctx, shard, sink.ChroniclePart(id), at/dayMillis, newest(c), func(c *pipeline.Change) error {
		if c.Profile == id && c.At > at {
			changes.add(c.Segment, c)
			version = min(version, c.Version)
		}
		return nil
	})
	if err != nil {
		return nil, chronicleError(err)
	}
	for segment, one := range changes {
		m.Segments = slices.DeleteFunc(m.Segments, func(s string) bool { return s == segment })
		if !one.entered {
			m.Segments = append(m.Segments, segment)
		}
	}
	slices.Sort(m.Segments)
	m.At, m.Version, m.Outdated = Instant(at), version-1, false
	return m, nil
}

// chronicleError tells what can't be read from what can't be reached.
func chronicleError(err error) error {
	if sink.NeedsOperator(err) {
		return &UnreadableError{err}
	}
	return err
}
