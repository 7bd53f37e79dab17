// Package soak holds the rule engine against the oracle for as long as one
// likes: random rules, random events, and after every event the demand that
// the changes the engine follows event by event, its evaluation of all rules
// from scratch, and the oracle say the same.
//
// A decision is one rule after one event, unless the event is a repeat that
// nobody evaluates. At instants of time the oracle is asked about every rule
// whose answer may flip there; these answers are compared too, and told
// apart. A change that one side has and the other does not is a mismatch, so
// that where the oracle was not asked the engine may have none.
//
// A round, called a Case, is drawn from a seed alone, so a seed is a bug
// report. When a case fails, Shrink takes away whatever it can without the
// failure going away, and Script prints what is left for rules/testdata.
//
// The trap: seeds name the same cases only as long as test/kit/generate draws
// the same. Keep what a seed found as a script, not as a seed.
package soak
