// Package profile holds one customer's state and its laws: traits where the
// last write wins per leaf path, the series of events that rules need,
// message ids seen, groups, memberships, and a versioned binary form.
//
// It promises that Apply is pure (no clock, no I/O, no randomness), that the
// state after a set of events depends on their times and order in the log
// alone, and that everything a profile keeps has a bound.
//
// The trap: events handed to Apply live in a decoder's arena. Whatever a
// profile keeps of them is cloned here.
package profile
