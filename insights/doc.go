// Package insights answers questions about audiences from the columns of a
// snapshot: what is more frequent in one than in another, and how audiences
// overlap; and about the reach of cubes. It draws the answers too. Commands and the
// API ask the same questions here, the API at a Desk, where they queue.
//
// It promises figures that can be held against the literature: each method names
// its source, and tests hold it against other implementations. The Desk alone reads
// a clock, and what is kept of cubes is read through an interface.
//
// The trap: that two audiences differ by more than chance does not say why. And
// of a sample, counts are of the profiles that are held; what they stand for
// among all is the estimate beside them.
package insights
