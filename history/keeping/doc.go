// Package keeping has history brought for segments that say backfill: auto,
// whenever they lack some: when they are new or edited, when shards have not
// kept what they count, when the store was lost, and from time to time for
// profiles that were silent and have been removed.
//
// It promises that it asks for nothing twice: what was brought for which
// meaning of a segment is in a record in the work directory, and a run that
// was killed is gone on with. Wants is pure; a Keeper does what it says.
//
// The trap: it compares what was brought with the rules that it is given. Of several
// Keepers for a deployment and a work directory one works at a time; with different
// rules they would bring it again and again.
package keeping
