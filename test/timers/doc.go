// Package timers measures what it costs when very many audiences change at
// the same second: a million profiles of one shard that leave a segment by
// time while events keep coming, on a real Redis.
//
// It has benchmarks only, one result each: make bench PART=timers.
package timers
