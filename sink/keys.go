package sink

import (
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/murmur3"
)

// keys names everything in Redis. With the default prefix:
//
//	m:cluster                  hash    shards, buckets and schema of the deployment; after
//	                                   a reshard also layout and topic, see layout.go
//	m:{s12}:meta               hash    of shard 12: epoch, next, clock, outbox, rules,
//	                                   generation, commits, schema; broken, if it is;
//	                                   sealed, if its profiles are elsewhere now
//	m:{s12}:names              list    names that profiles refer to by position
//	m:{s12}:p:<bucket>         hash    profile id -> versioned binary profile
//	m:{s12}:gaps               list    offsets that were passed over, as "from to"
//	m:{s12}:timers             zset    profile id -> next deadline, ms since 1970 UTC
//	m:{s12}:seg:<segment>      set     profile ids of the members in this shard
//	m:{s12}:size               hash    segment -> number of members in this shard
//	m:{s12}:out                stream  membership changes, see outbox.go
//	m:hll:{<segment>}:20261121 HLL     members that were active on that UTC day
//
// From layout 2 on, which the first reshard makes, the keys of shards begin with
// its number: m:2:{s12}:meta.
//
// The part in braces is the hash tag: a shard is one slot of a Redis Cluster,
// and so are all days of a segment's reach. Profile ids are any bytes and so
// are only ever fields and members, never a part of a key. Segment ids are
// [a-z0-9-].
type keys struct {
	prefix  string
	buckets int
	layout  int // 0 as 1
}

func (k keys) deployment() string      { return k.prefix + ":cluster" }
func (k keys) meta(shard int) string   { return k.shard(shard) + "meta" }
func (k keys) names(shard int) string  { return k.shard(shard) + "names" }
func (k keys) timers(shard int) string { return k.shard(shard) + "timers" }
func (k keys) gaps(shard int) string   { return k.shard(shard) + "gaps" }
func (k keys) sizes(shard int) string  { return k.shard(shard) + "size" }
func (k keys) outbox(shard int) string { return k.shard(shard) + "out" }

func (k keys) shard(shard int) string {
	if k.layout > 1 {
		return k.prefix + ":" + strconv.Itoa(k.layout) + ":{s" + strconv.Itoa(shard) + "}:"
	}
	return k.prefix + ":{s" + strconv.Itoa(shard) + "}:"
}

// of returns the keys of another layout.
func (k keys) of(l Layout) keys {
	k.layout = l.Number
	return k
}

func (k keys) members(shard int, segment string) string { return k.shard(shard) + "seg:" + segment }

// profiles returns the hash that holds a profile.
func (k keys) profiles(shard int, profile string) string {
	return k.bucket(shard, bucket(profile, k.buckets))
}

// bucket returns the hash of a number.
func (k keys) bucket(shard, bucket int) string { return k.shard(shard) + "p:" + strconv.Itoa(bucket) }

// reach returns the key of a segment on a day, in days since 1970 UTC.
func (k keys) reach(segment string, day int64) string {
	date := time.Unix(day*86400, 0).UTC().Format("20060102")
	return fmt.Sprintf("%s:hll:{%s}:%s", k.prefix, segment, date)
}

// bucket takes the second half of the 128 bit murmur3 (x64) of the id. The
// first half chooses the shard: taking it here too would leave most buckets
// of a shard empty whenever both counts share a factor.
func bucket(profile string, buckets int) int {
	_, half := murmur3.StringSum128(profile)
	return int(half % uint64(buckets))
}
