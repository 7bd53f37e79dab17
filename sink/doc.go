// Package sink keeps the state of shards in Redis, on one node or on a Redis
// Cluster. It is the pipeline's Store.
//
// It promises that a commit lands whole or not at all, as one MULTI/EXEC on
// the shard's slot guarded by the owner's epoch, the next offset and the
// outbox count; and that a commit whose reply was lost is looked up before
// anything is said about it.
//
// The trap: MULTI does not roll back. When a foreign program has put another
// type at one of Muster's keys, the rest of the transaction stays applied.
// Commit then returns a *PartialError and marks the shard as broken, so that
// it can't be opened before an operator has looked at it.
package sink
