// Package faults lets a whole Muster run through a storm of faults and then
// compares everything it has left with the oracle: evaluators that are killed,
// some to come back at once under their name, frozen, told to leave and joined
// by others; brokers and Redis servers that are killed, lose their last writes,
// fail over or run out of memory; connections that are cut, slow, or end in the
// middle of a reply; poison among the records; rules that are edited, and shards counted anew before all
// profiles were looked at under them; wall clocks that step; and a backfill that
// is published meanwhile, by a process that is killed and started again, from
// folders or from a bucket whose server is killed.
//
// A run is drawn from a seed alone: its rules, its traffic and what goes
// wrong when. When exactly a fault hits is up to the machine, so a seed that
// has failed may need several tries to fail again.
//
//	MUSTER_RUNS   how many runs, 2 by default; half of them on a Redis Cluster
//	MUSTER_SEED   seed of the first, 1 by default; the others follow
//	MUSTER_E2E    "real" for Apache Kafka; else the broker is kfake
//	MUSTER_FAULTS a file that the JSON lines are appended to
//
// For every run there is a line, and one for all of them:
//
//	{"faults":13,"runs":1,"events":2400,"lost":0,"duplicated":0,"diverged":0,"published":0,"deliveries":7418,"delivery_missing":0,
//	"delivery_inverted":0,"delivery_duplicated_under_another_id":0,...,"recovery_p99_s":2.3,"seed":1,...}
//
// Lost are changes that are missing, records that never came to the keyed
// topic and poison without a dead letter; duplicated are changes that are
// there twice; diverged is every answer that is not the oracle's. Published is
// how many patches a backfill has given: the archive has events that the service
// had seen and others, repeats, late events and objects that are there twice, and
// the memberships have to be those of what it has up to the seam and of what the
// keyed topic has from behind it.
// Deliveries are the changes that a webhook and a topic were told, which are all
// that there are; what is wrong with them is counted beside them, and the newest
// that each knows of a membership, and what the compacted topic is left with,
// have to be the memberships. Where Redis lost writes while rules were edited or
// clocks stepped, a destination may know of what is not so any more: it must
// have been told all changes that there are, and what it hears from the
// beginning of a reconcile on has to be the memberships. In two of five runs the
// destinations begin with all members. Recovery_p99_s is how long it took until
// all partitions made progress again after an evaluator was killed, with nothing
// else wrong at that time.
//
// The second test lets a service run at half load for as long as
// MUSTER_SERVICE says, with a fault each minute, and demands that nothing it
// holds grows.
package faults
