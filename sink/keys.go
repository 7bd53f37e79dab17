package sink

import (
	"strconv"
	"time"

	"github.com/twmb/murmur3"
)

// keys names everything in Redis. With the default prefix:
//
//	m:cluster                  hash    shards, buckets, schema and id of the deployment; after
//	                                   a reshard also layout and topic, see layout.go
//	m:{s12}:meta               hash    of shard 12: epoch, next, clock, outbox, rules,
//	                                   generation, commits, schema; swept, bucket and sweep,
//	                                   see below; anchor, see anchors.go; broken, if it is;
//	                                   sealed, if its profiles are elsewhere now; hourly and daily,
//	                                   since when flows are counted, see markFlows; summed, up
//	                                   to which day, see flows_days.go; counted, how many
//	                                   changes when the last ones were; milestones, see
//	                                   milestones.go
//	m:{s12}:names              list    names that profiles refer to by position
//	m:{s12}:catalog            hash    name -> what the shard's owner knows of that segment
//	                                   or series, a text of its own
//	m:{s12}:erasing            hash    entry of the catalog -> request to erase that profile,
//	                                   as long as other keys may name it, see erasing.go
//	m:{s12}:p:<bucket>         hash    profile id -> versioned binary profile, without its tail
//	m:{s12}:t:<bucket>         hash    profile id -> the tail of that: traits, see tails.go
//	m:{s12}:gaps               list    offsets that were passed over, as "from to"
//	m:{s12}:timers             zset    profile id -> next deadline, ms since 1970 UTC
//	m:{s12}:seg:<segment>      set     profile ids of the members in this shard
//	m:{s12}:size               hash    segment -> number of members in this shard
//	m:{s12}:hours:20261121     hash    segment -> flows of the hours of that UTC day, and
//	m:{s12}:days:202611        hash    of the days of that month, see flows.go
//	m:{s12}:out                stream  membership changes, see outbox.go
//	m:{s12}:out:clean          stream  a copy of it that is made, see outbox_clean.go
//	m:{s12}:trail              stream  profiles that the newest commits touched, see trail.go
//	m:{s12}:chron:<day>:<part> list  the changes of a day, see chronicle.go
//	m:{s12}:cube               hash    and others that begin so: cells of cubes, see cubes.go
//	m:cubes                    set     shards that have cells, as "layout:shard"
//	m:{s12}:to:<destination>   hash    and others that begin so: deliveries, see ledger.go
//	m:destinations             hash    states of destinations, see ledger.go
//	m:{definitions}:head       hash    and others that begin so: the texts of segments with
//	                                   their versions, see definitions.go, and tables that
//	                                   they look things up in, see catalogues.go
//	m:hll:{<segment>}:20261121 HLL     members that were active on that UTC day
//	m:{sources}:anchors        hash    topic/partition of a source topic -> anchor
//	m:{sources}:gaps           list    offsets that were passed over on source topics, as
//	                                   "topic/partition from to"
//
// The fields swept and bucket tell how far the shard is in looking at all its
// profiles after a change of the rules: swept is the newest generation that it
// was done for, and bucket where the one of generation goes on. They hold while
// sweep is generation: versions before 0.2.0 leave all three as they are when
// they go on with other rules. Else they count as 0, as where they are absent.
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

func (k keys) deployment() string       { return k.prefix + ":cluster" }
func (k keys) meta(shard int) string    { return k.shard(shard) + "meta" }
func (k keys) names(shard int) string   { return k.shard(shard) + "names" }
func (k keys) catalog(shard int) string { return k.shard(shard) + "catalog" }
func (k keys) erasing(shard int) string { return k.shard(shard) + "erasing" }
func (k keys) timers(shard int) string  { return k.shard(shard) + "timers" }
func (k keys) gaps(shard int) string    { return k.shard(shard) + "gaps" }
func (k keys) sizes(shard int) string   { return k.shard(shard) + "size" }
func (k keys) outbox(shard int) string  { return k.shard(shard) + "out" }
func (k keys) cleaned(shard int) string { return k.outbox(shard) + ":clean" }
func (k keys) trail(shard int) string   { return k.shard(shard) + "trail" }
func (k keys) sourceAnchors() string    { return k.prefix + ":{sources}:anchors" }
func (k keys) sourceGaps() string       { return k.prefix + ":{sources}:gaps" }

func (k keys) destinations() string { return k.prefix + ":destinations" }

func (k keys) ledger(shard int, destination string) string {
	return k.shard(shard) + "to:" + destination
}

func (k keys) shard(shard int) string { return string(k.appendShard(nil, shard)) }

func (k keys) appendShard(b []byte, shard int) []byte {
	b = append(append(b, k.prefix...), ':')
	if k.layout > 1 {
		b = append(strconv.AppendInt(b, int64(k.layout), 10), ':')
	}
	b = strconv.AppendInt(append(b, "{s"...), int64(shard), 10)
	return append(b, "}:"...)
}

// of returns the keys of another layout.
func (k keys) of(l Layout) keys {
	k.layout = l.Number
	return k
}

func (k keys) members(shard int, segment string) string {
	return string(k.appendMembers(nil, shard, segment))
}

func (k keys) appendMembers(b []byte, shard int, segment string) []byte {
	return append(append(k.appendShard(b, shard), "seg:"...), segment...)
}

// profiles returns the hash that holds a profile.
func (k keys) profiles(shard int, profile string) string {
	return k.bucket(shard, bucket(profile, k.buckets))
}

// bucket returns the hash of a number.
func (k keys) bucket(shard, bucket int) string { return string(k.appendBucket(nil, shard, bucket)) }

func (k keys) appendBucket(b []byte, shard, bucket int) []byte {
	return strconv.AppendInt(append(k.appendShard(b, shard), "p:"...), int64(bucket), 10)
}

// tails returns the hash of the tails of a bucket's profiles.
func (k keys) tails(shard, bucket int) string { return string(k.appendTails(nil, shard, bucket)) }

func (k keys) appendTails(b []byte, shard, bucket int) []byte {
	return strconv.AppendInt(append(k.appendShard(b, shard), "t:"...), int64(bucket), 10)
}

// reach returns the key of a segment on a day, in days since 1970 UTC.
func (k keys) reach(segment string, day int64) string {
	return string(k.appendReach(nil, segment, day))
}

func (k keys) appendReach(b []byte, segment string, day int64) []byte {
	b = append(append(append(append(b, k.prefix...), ":hll:{"...), segment...), "}:"...)
	return time.Unix(day*86400, 0).UTC().AppendFormat(b, "20060102")
}

// bucket takes the second half of the 128 bit murmur3 (x64) of the id. The
// first half chooses the shard: taking it here too would leave most buckets
// of a shard empty whenever both counts share a factor.
func bucket(profile string, buckets int) int {
	_, half := murmur3.StringSum128(profile)
	return int(half % uint64(buckets))
}
