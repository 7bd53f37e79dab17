// Package reshard moves a deployment to another number of shards, while nobody
// works on it.
//
// It promises that nothing is lost and nothing counted twice, whoever still
// produces meanwhile and wherever it is killed: it may be run again and goes on,
// or be given up, and it switches to the new shards in one step. What is copied
// how is sink.Reshard's.
//
// The trap: it looks for evaluators in the consumer groups, where one that was
// killed is missed only after its session. Those that it does not see are
// fenced when the old shards are sealed.
package reshard
