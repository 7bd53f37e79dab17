// Package metamorphic holds the tests that feed one history to the engine in
// several ways which must not matter, and that ask it at every instant which
// could matter. Histories and rules are random, a seed says which.
//
// The relations, each a test:
//   - batches: records fetched 1, 7 or 500 at a time give one change log, to
//     the byte, that of a pipeline.Shard fed record by record.
//   - restarts: so does a worker that stops behind any record, one that dies
//     before a commit lands, and one that dies after it landed.
//   - waves: records that overtake the timers of other profiles, as they do in
//     a long wave, change the order between profiles and nothing else, with
//     and without dying on the way.
//   - partitions: 1 partition or 8 give the same changes, told apart by
//     instant, profile and version, once all shards stand at the same time.
//   - service: so do replay and the service, with a broker, consumer groups
//     and rebalances, in virtual time and on the wall clock.
//   - delivery: events that arrive together may come in any order of the
//     profiles. Events that come late, in any order, end in the memberships
//     of those that came in time.
//   - edits: whatever edits of the rules came between events, and however far
//     sweeps had come when there was another, an owner died or was displaced
//     or the store came back older: once all is swept, members are those that
//     a fresh service has under the last rules. An edit alone emits the
//     difference and nothing else. An edit in place is a restart, to the byte.
//   - instants: members are the oracle's at every instant at which anything
//     can flip, a millisecond before and a millisecond after.
//
// Beside them stand the edges of time as tests with names: the edge of a
// window, one millisecond, very short and very long windows, the leap day, a
// deadline during a rebalance, a week of backlog, clocks that go backwards.
//
// MUSTER_RUNS says how many histories with edits there are, and MUSTER_SEED the
// seed of the first.
//
// The trap: a relation holds an engine against itself, so a mistake that is
// made in every way of feeding stays hidden. The oracle finds those; a
// relation finds what no oracle of one shard can see.
package metamorphic
