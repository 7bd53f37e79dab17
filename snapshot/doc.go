// Package snapshot answers questions about all profiles of a deployment: how
// many a rule has that is not in force. It holds the profiles in memory, as they
// are stored, and asks the engine of rules.
//
// It promises that the profiles stand in the order of a hash of their ids, so
// that those up to any place are a random sample of all. An answer is therefore
// an estimate with a band from the first profiles on, and exact for what is held
// at its end. The memory is bounded; what does not fit is left out by the same
// hash, and the rate is told. It writes nothing.
//
// Columns are the other form: who is in each segment, as bits in the same order,
// and the values of some traits. They answer at once what concerns all segments.
//
// What questions read of profiles is kept as numbers, and profiles with the same
// ones are alike: the engine evaluates one of them for all (alike.go). It alone
// says what a rule means. TestAlike holds that against a look at every profile.
//
// A Snapshot never changes. A Follower makes newer ones as evaluators commit, and
// promises of each an instant up to which it has all that was committed; a Desk
// answers many who ask, in few scans.
//
// The trap: it is of the last commit of each shard when that was read, so of
// several shards at different moments. Of a rule that asks for events which no
// rule in force asks for, profiles have kept nothing: see Lacks. What an answer
// holds on to, a Fresh among it, keeps a whole list of profiles in memory.
package snapshot
