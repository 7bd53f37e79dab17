// Package lookup answers questions about what a deployment keeps in Redis,
// beside the evaluators at work: who is in a segment, which segments a profile
// is in and why, and what has changed. The commands and the API both ask it.
//
// It promises that it opens no shard, writes nothing, and asks for what may be
// large in pages, so that no question keeps Redis busy.
//
// The trap: what it says is of the last commit of one shard, and of several
// shards at different moments. Nothing here is of one instant.
package lookup
