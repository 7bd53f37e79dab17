// Package pipeline is the engine loop: read, decode, load, step, commit.
//
// A Shard is the pure state machine of one partition: profiles, clock and
// timers in, effects out. A Worker drives one Shard from a Source into a
// Store. Live service and replay use the same Shard, so they agree by
// construction.
//
// The trap: a Store's answer ErrFenced means that everything in memory is
// worthless. Drop the Shard and open again; never retry a commit.
package pipeline
