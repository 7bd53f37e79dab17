// Package event holds the nouns that enter Muster: an Event, the Value of a
// trait or property, and the one decoder that every path (live, replay,
// backfill, tests) uses to turn a Segment-spec JSON record into events.
//
// It promises that decoding never panics and never blocks, that whatever
// cannot be used comes back as a Rejection naming the field, and that equal
// bytes decode to equal events wherever they are read.
//
// The trap: strings inside decoded events live in the decoder's arena and
// are valid only until its Reset. Whoever keeps one must clone it.
package event
