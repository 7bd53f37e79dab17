// Package kafka sends changes to topics: a CloudEvent for each change and, if
// asked for, the newest of each membership under a key of its own, with a
// tombstone for who has left.
//
// It promises that a message is one transaction, acknowledged by every replica
// in sync before it counts as delivered; that a profile's records are on one
// partition, the one that the partitioner of the keyed topic chooses, in the
// order of its versions; and that whoever had a shard before can write no more
// once the next one has begun, so that the last record of a key is the newest.
//
// The trap: a transaction whose outcome is unknown is sent again, and one that
// was broken off stays in the log. Consumers read committed records only
// (isolation.level=read_committed), and drop versions that they have seen.
package kafka
