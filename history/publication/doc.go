// Package publication brings history into a running service: it opens a seam
// in each shard, waits until the archive is whole up to the latest of them, has
// package history make patches, gives them to the shards at a pace that these
// keep up with, and closes the seams. docs/backfill-seam.md says what that
// means, and docs/backfill.md how it is used.
//
// It promises that what was killed at any point goes on where it was, that
// patches go out in an order that is always the same, and that at most one
// batch of them is on its way. What it has done is in the work directory, in
// publication.json of its request, before the next thing is done.
//
// The trap: a seam that is open can't be taken back. A publication that is
// given up leaves one behind for 30 days, and a shard has four of them.
package publication
