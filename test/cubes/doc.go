// Package cubes measures questions of cubes on a Redis of its own: one year of
// 10,000 cells a day, beside PFCOUNT of the same cells.
//
// The trap: only the pages that the question reads are there, written by the
// benchmark itself; how they come about is tested elsewhere.
package cubes
