// Package activation carries membership changes from the outboxes of shards to
// the systems that act on them, which it calls destinations.
//
// It promises that each change of a segment that a destination asks for is
// sent until the destination has taken or refused it, at least once and under
// an id that stays the same; that the changes of one profile are sent in the
// order of their versions, one after the other, but for dead letters that an
// operator sends again; and that a destination which is slow or away delays
// neither another one nor the service. A destination that coalesces is not
// sent changes that newer ones have made pointless before they were sent.
//
// What was sent, what waits and until when stands in Redis with the shard, and
// never in the commit of the engine: the service goes on however far behind a
// destination is.
//
// The trap: a destination must expect repeats. One that keeps the highest
// version of each profile and segment, or the ids that it has seen, is exact.
package activation
