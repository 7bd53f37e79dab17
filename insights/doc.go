// Package insights answers questions about audiences from the columns of a
// snapshot: what is more frequent in one than in another, and how audiences
// overlap. It draws the answers too.
//
// It promises figures that can be held against the literature: each method names
// its source, and tests hold it against other implementations. It reads no clock
// and does no I/O but to the writer that it is given.
//
// The trap: that two audiences differ by more than chance does not say why. And
// of a sample, counts are of the profiles that are held; what they stand for
// among all is the estimate beside them.
package insights
