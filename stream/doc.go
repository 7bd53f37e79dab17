// Package stream is Kafka in: it decides which worker owns which partition
// of the keyed topic, reads a partition from a given offset, routes source
// topics onto the keyed topic by profile, and keeps dead letters.
//
// It promises that a partition has one owner at a time and that the old
// owner has returned before the new one starts, as long as owners return
// within the session timeout; that a Source delivers every committed record
// exactly once and in order, and turns a hole in the log into an error; that
// a routed record is on the keyed topic before its source offset is
// committed (at least once); that one broken partition does not stop the
// others; and that a group and a keyed topic are one deployment's.
//
// The trap: the group's committed offset of the keyed topic is only a hint
// for lag tools. The offset that counts is stored with the shard's state and
// handed to Open. An owner that keeps state from one call of own to the next
// would commit an older offset over a newer one: start from the store.
package stream
