// Package temporal does backfills by way of a Temporal server: a workflow goes
// through the stages, child workflows of a few hundred tasks each have them done,
// and every task is an activity that any worker takes.
//
// It promises what package history does: the same bytes, whatever the number of
// workers and however often they, or the server, are killed. A task that fails
// is tried again with exponential backoff, unless it would fail forever; one
// whose worker dies, of memory or of time, is done in two halves by half as many
// goroutines each, and these in halves again.
//
// The trap: code of workflows is run again from the server's record of them, so
// it must take the same steps each time: no clock, no map's order, no I/O, and
// whoever changes it ends what runs before. Only activities touch the world, and
// all workers must share the work directory, a folder or a bucket.
package temporal
