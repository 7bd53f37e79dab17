package sink

import (
	"context"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"muster/cube"
	"muster/pipeline"
)

// Cells of cubes lie beside a shard and are no part of its commits. With the
// default prefix, of the cube ads:
//
//	m:{s12}:cube                         hash    gaps and next, see CubeMark
//	m:{s12}:cube:parts                   list    what was counted and is not folded in yet, oldest first
//	m:{s12}:cube:folded                  string  how many parts were folded in, ever
//	m:{s12}:cube:ads~5f3a19c2:d20261128  hash    name of a cell -> cell, of a day; a page
//	m:{s12}:cube:ads~5f3a19c2:w20261123  hash    of a week, by its Monday
//	m:{s12}:cube:ads~5f3a19c2:m202611    hash    of a month
//	m:cubes                              set     shards that have any, as "layout:shard"
//
// A batch's counts are appended as one part, before the batch is committed,
// together with the mark of what was counted: the first offset that is not. So
// the mark is never behind the shard's own offset where anything was counted in
// between. After a crash between both, the batch is applied again and its events
// below the mark are passed over: each is counted once, however batches are cut
// the second time. The script asks for the owner's epoch and for the shard's next
// offset, so one that was fenced adds nothing once its successor has read the mark,
// and neither does one whose Redis has come back older. The commit that follows
// asks for the mark: Redis may have lost the part alone, and the commit would let
// its events pass.
//
// Parts are folded into pages by whoever comes to it, under a WATCH of the number
// of parts folded: of two that fold the same ones, one does. A page's field
// pageFolded says up to which part it has all, so that a reader who has seen a
// part knows whether the page that it reads later has it too.

// pageFolded is a name that no cell has.
const pageFolded = "\x01"

// CubeMark says up to where a shard's events were counted.
type CubeMark struct {
	Gaps int64 // how many gaps the shard has passed over: behind each, offsets may begin anew
	Next int64 // the first offset that was not counted
}

// String is the mark as pipeline.Commit.Counted has it.
func (m CubeMark) String() string {
	return strconv.FormatInt(m.Gaps, 10) + " " + strconv.FormatInt(m.Next, 10)
}

// Before reports whether an event at an offset behind so many gaps was not
// counted yet.
func (m CubeMark) Before(gaps, offset int64) bool {
	return gaps > m.Gaps || gaps == m.Gaps && offset >= m.Next
}

func (k keys) cubes() string               { return k.prefix + ":cubes" }
func (k keys) cube(shard int) string       { return k.shard(shard) + "cube" }
func (k keys) cubeParts(shard int) string  { return k.cube(shard) + ":parts" }
func (k keys) cubeFolded(shard int) string { return k.cube(shard) + ":folded" }
func (k keys) inCubes(shard int) string    { return fmt.Sprintf("%d:%d", max(1, k.layout), shard) }
func (k keys) cubePage(shard int, cube string, p cube.Period) string {
	return k.cube(shard) + ":" + cube + ":" + p.String()
}

// OpenCubes returns the mark of a shard, for its owner.
func (s *Store) OpenCubes(ctx context.Context, shard int) (CubeMark, error) {
	var m CubeMark
	key := s.keys.cube(shard)
	err := s.retry(ctx, "opening cubes", func(ctx context.Context) error {
		if err := s.client.SAdd(ctx, s.keys.cubes(), s.keys.inCubes(shard)).Err(); err != nil {
			return err
		}
		values, err := s.client.HMGet(ctx, key, "gaps", "next").Result()
		if err != nil {
			return err
		}
		gaps, _ := values[0].(string) // nil for a field that is absent
		next, _ := values[1].(string)
		m = CubeMark{Next: -1}
		if err := parse(key, "gaps", gaps, &m.Gaps); err != nil {
			return err
		}
		return parse(key, "next", next, &m.Next)
	})
	if err != nil {
		return m, fmt.Errorf("opening cubes of shard %d: %w", shard, err)
	}
	return m, nil
}

// CubeOwner is who adds to the cubes of a shard: of which epoch, and at which next
// offset the shard is for it. After Redis has lost writes the shard is at an
// earlier one. What the owner counts then would be added with a mark behind events
// that are to be applied and counted again, so it is refused, as its commit will be.
type CubeOwner struct{ Epoch, Next int64 }

// adding appends a part for the shard's owner, unless what it counts was added
// before, and returns how many parts wait; -1 for who is not the owner, or takes
// the shard to be at another offset.
var adding = redis.NewScript(`
local shard = redis.call('HMGET', KEYS[1], 'epoch', 'next')
if shard[1] ~= ARGV[1] or (shard[2] or '-1') ~= ARGV[5] then
	return -1
end
local mark = redis.call('HMGET', KEYS[2], 'gaps', 'next')
local gaps, next = tonumber(mark[1] or '0'), tonumber(mark[2] or '-1')
if gaps > tonumber(ARGV[2]) or gaps == tonumber(ARGV[2]) and next >= tonumber(ARGV[3]) then
	return redis.call('LLEN', KEYS[3])
end
local waiting = redis.call('RPUSH', KEYS[3], ARGV[4])
redis.call('HSET', KEYS[2], 'gaps', ARGV[2], 'next', ARGV[3])
redis.call('HSET', KEYS[1], 'cubed', ARGV[2] .. ' ' .. ARGV[3])
return waiting`)

// AddCubes adds a part, as cube.Tally appends it, of events of the shard up to a
// mark, for its owner, and returns how many parts wait to be folded in. One that
// was added before is not added again.
func (s *Store) AddCubes(ctx context.Context, shard int, owner CubeOwner, m CubeMark, part []byte) (int64, error) {
	var waiting int64
	err := s.retry(ctx, "adding to cubes", func(ctx context.Context) (err error) {
		waiting, err = adding.Run(ctx, s.client,
			[]string{s.keys.meta(shard), s.keys.cube(shard), s.keys.cubeParts(shard)},
			strconv.FormatInt(owner.Epoch, 10), m.Gaps, m.Next, part, strconv.FormatInt(owner.Next, 10)).Int64()
		if err == nil && waiting < 0 {
			err = final("the shard is another owner's, or at another offset than %d: %w", owner.Next, pipeline.ErrFenced)
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("adding to cubes of shard %d: %w", shard, err)
	}
	return waiting, nil
}
