// Package sorted keeps the events of one object of an archive, cut down to a
// projection, as a sorted file: a sorted run. Those of many objects are merged by
// profile without being held in memory.
//
// A sorted run is a Parquet file, compressed by zstd. Each of its row groups is a
// part, sorted by virtual shard, profile and arrival; events that are equal in
// all of these stay in the order of the object, as they would in a log. A part
// holds what fitted into memory at one time, so a large object has several. The columns
// are profile, arrival and age (arrival less event time) in milliseconds, id,
// kind and body, of which package projection knows the meaning; pages of all
// columns end at the same rows. The footer's metadata hold a Header.
//
// It promises that equal events give equal bytes, that a sorted run is there whole or
// not at all, and that damage is an error.
//
// The trap: events of a Merge lie in memory that its next call of Next takes
// back.
package sorted
