// Package cube counts events by what they say, and estimates how many different
// profiles had them: what an event of a profile means for the cells of the
// declared cubes, how cells merge and are stored, and what questions of them
// have for an answer. It does no I/O: package sink keeps cells, and the owner of
// a shard feeds it.
//
// It promises that cells merge to the same cell in whatever order and however
// often they are cut into parts, that a cell of up to Exact profiles is counted
// and not estimated, and that nothing is left out of an answer without a word.
//
// The trap: only profiles may be counted twice without harm. Events and measures
// are sums, so whoever stores parts has to make sure that each is merged once.
package cube
