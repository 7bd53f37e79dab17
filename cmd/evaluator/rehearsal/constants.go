package rehearsal

// What can't be measured without servers, as make bench-e2e measured it:
// docs/scaling.md has the table, where it is from, and how to measure it again.
// A test holds the two together.
const (
	// CPU of an evaluator beside the stages, in microseconds: Kafka's and
	// Redis' clients and the network.
	serversRecord = 0.3 // per record read
	serversWrite  = 2.0 // per profile written
	serversLoad   = 1.0 // per profile loaded
	serversChange = 5.6 // per membership changed

	// CPU of Redis, in microseconds.
	redisWrite  = 7.9  // per profile written, with its timer
	redisLoad   = 2.8  // per profile loaded
	redisChange = 11.6 // per membership changed

	// outboxChange is what Redis takes for a change in an outbox at most, in bytes:
	// where each stands alone. Where commits have many it is 45.
	outboxChange = 70
	// What Redis takes for a segment's reach at most, in bytes: on a day that has
	// a key of its own, for the week and the month that go on, and on a day that
	// is packed, with its share of its week and month.
	reachCounter = 12_400
	reachOpen    = 12_600
	reachPacked  = 370
)

// What a deployment is planned with.
const (
	// headroom is the share of a core, or of a Redis node's core, that the
	// load takes.
	headroom = 0.5
	// nodeGB is the data of one Redis node, half of a machine's 64 GB: a
	// rewrite of the append-only file may need as much again.
	nodeGB = 32
	// leastShards are made even for little load, since shards can't be
	// divided among more processes than there are.
	leastShards = 16
)
