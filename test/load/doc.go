// Package load measures the whole way of an event, from the broker to Redis,
// with every part a process of its own: broker, redis-server, and the service
// under test, which is the parts of `evaluator run` put together the same way
// (package service below this one says what it can be). make bench-e2e runs it.
//
// # Cases
//
//	floor   reads, decodes and writes, without profiles and rules: as many bytes
//	        a profile as engine with 0 segments has just written, in the same batches
//	engine  the product, with 0 to 50,000 segments
//	naive   the product with a loop of expr programs in place of the index
//
// All cases of a population begin with the same profiles in Redis (those of
// naive are engine's), get the same records (naive only the first of them, and nothing that fills the cache), and take
// turns, round by round. Figures are medians over the rounds, ratios medians of
// each round's ratio. Only ratios of one run can be compared between machines.
//
// # Workload
//
// Package workload's Customers: 60 traits, and a count and a sum over 7 or 30
// days of each of 20 behaviours. A profile begins with all traits and some ten
// events. Of a hundred events 5 set two traits anew, 65 are of a behaviour and
// 30 are views of pages that no rule asks for; each has a messageId and 300 to
// 400 bytes. Rules are workload's narrow ones: a customer is in about one
// segment of 500. Populations:
//
//	hot   100,000 profiles, Zipf with exponent 1.1 flattened over the first 10; all fit the cache
//	cold  2,000,000 profiles, uniform; about one in a hundred fits
//
// Stream time goes on by a millisecond an event, so nothing leaves a window:
// what time costs is measured by package timers.
//
// # Phases
//
// First as fast as it goes, over records that are on the topic already, from
// when a quarter of them is applied (of hot, after one event of every profile) until the first shard has none left:
// events_s, CPU of service and Redis per event, bytes to and from Redis,
// allocations, resident memory. Then at half that rate, each record produced
// when it is due by a producer that lets them gather for 5 ms: p50_ms, p99_ms
// and p999_ms are from when it was due until the offset of its shard in Redis
// is behind it. The memberships it changes are in the same transaction, so
// that is when they can be seen. Redis is asked every millisecond. ack_p99_ms
// is until the broker had acknowledged it, so what is beyond that is the
// service's.
//
// # Scale
//
// make bench-scale runs one evaluator and then two on 8 partitions, in turns,
// with 20,000 hot profiles and 1,000 segments, and holds them to the model of
// docs/scaling.md: an event costs as much CPU with two as with one.
//
// # Publication
//
// make bench PART=publication opens the seams of a backfill and measures p99 at
// a quarter of full speed in rounds: while no patches come, and then while they
// do, at the pace that is the default. The median of the rounds' ratios is held
// to two. A figure is none unless a tenth of the patches was given while it was
// measured, for which there are up to nine rounds, and unless they were on their
// way for half of the time that the pace says.
//
// # Activation
//
// make bench PART=activation measures what deliveries cost, with a receiver as
// one more process, and prints a line for each case, with its aim:
//
//	latency  how long a change takes from evaluated to received, one a message, at 2,000 changes a second
//	single   changes that a second of the service's CPU time sends, one a message
//	batched  the same, a hundred a message
//	pending  what the process grows by while a million messages wait and every second retry is taken
//	beside   events a second with a destination of all segments, a hundred changes a message, to those without
//
// All but beside have one segment, which each event has its profile enter or
// leave; beside is hot with 1,000 segments. Evaluated is when Redis was asked
// for the last time before it had the commit, which is earlier than it was.
//
// # API
//
// make bench PART=api measures what meets people and programs, and prints a
// line for each case, with its aim:
//
//	memberships  how long GET /v1/profiles/{id}/memberships takes, 5,000 times a second, while events come
//	members      how much the heap of a service grows while it lists a million members
//	definition   how long an edit of one of 10,000 definitions takes until two evaluators go by it
//
// Of memberships, events come at half of the speed that the same service has
// just had at full speed with the machine for itself, and requests are sent
// when they are due, whether those before them were answered or not: what is
// measured is from when a request was due until its answer was read. Both are
// measured anew without events, as without_ms. Everything shares the machine,
// and idle says what was left of it; with none left, p99 is that of a queue.
// Who asks is a process of one thread (asker below this one), and nobody looks
// at the offsets in Redis meanwhile.
//
// Of definition, an evaluator goes by an edit when its set is published, and a
// shard does when Redis has it under the new rules, which is when others see it.
//
// # Peers
//
// make bench-peer measures the product beside an application of Kafka Streams
// (package test/kit/peer) and prints a line for each number of segments and
// each way of building the application:
//
//	affected-dedupe  the rules that an event can affect; windows true to the millisecond, repeats recognised
//	affected         the same with windows true to the hour, and a repeat counts again
//	every            every rule for every event, else as affected
//
// In each round the peers and then the product read one topic of one Apache
// Kafka, from its first record and with nothing stored: a birth for every hot
// profile, then the events. All are measured from when the births and a quarter
// of the events are applied until the first partition has none left. Then the
// memberships of all are compared. Redis writes an append-only file. Only then
// the product runs at half of its speed. docs/performance.md says what of it is
// fair.
//
// # Environment
//
// Lists have commas between their parts.
//
//	MUSTER_LOAD             file that a JSON line per case is appended to; without it nothing is measured
//	MUSTER_SCALE            file that a JSON line per number of evaluators is appended to; uses REPEATS and EVENTS (400000) too
//	MUSTER_PUBLICATION      file that a JSON line is appended to; uses REPEATS (rounds), HOT, EVENTS (300000) and LIVE too
//	MUSTER_ACTIVATION       file that a JSON line per case of deliveries is appended to; uses REPEATS, HOT and EVENTS too
//	MUSTER_API              file that a JSON line per case of the API is appended to; uses HOT, EVENTS (300000) and LIVE too
//	MUSTER_PEER             file that a JSON line per case beside a peer is appended to; uses SEGMENTS (1000,10000), REPEATS, EVENTS (700000), LIVE and HOT too
//	MUSTER_E2E              "real" for Apache Kafka; else the broker is kfake
//	MUSTER_LOAD_POPULATION  hot,cold
//	MUSTER_LOAD_CASES       floor,engine,naive
//	MUSTER_LOAD_SEGMENTS    0,100,1000,10000,50000; naive is measured with 1000 and 10000
//	MUSTER_LOAD_REPEATS     rounds, 3
//	MUSTER_LOAD_EVENTS      records of a case at full speed, 600000
//	MUSTER_LOAD_LIVE        seconds at half load, 8
//	MUSTER_LOAD_HOT         profiles of hot, 100000; the line says how many they were
//	MUSTER_LOAD_COLD        profiles of cold, 2000000; the same
//	MUSTER_LOAD_DELIVERIES  latency,single,batched,pending,beside
//	MUSTER_LOAD_PENDING     messages that wait, 1000000
//	MUSTER_LOAD_ASKED       requests a second, 5000
//	MUSTER_LOAD_MEMBERS     members of the segment that is listed, 1000000
//	MUSTER_LOAD_DEFINITIONS segments of which one is edited, 10000
//	MUSTER_LOAD_API         memberships,members,definition
//	MUSTER_LOAD_PEERS       affected-dedupe,affected,every
//	MUSTER_LOAD_PEER        folder with the peer's source, from the root of the repository, ../shared/peers/kafka-streams
//	MUSTER_LOAD_PROFILE     folder that a CPU profile of 5 s and one of allocations are written to
//
// The trap: generator, broker, Redis and service share the machine, as they
// share it in every case. What a case costs is in the CPU figures; events_s is
// what is left of it on this machine.
package load
