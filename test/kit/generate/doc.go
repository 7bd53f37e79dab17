// Package generate makes random rules and random events for tests that
// hold two evaluators of the rule language against each other.
//
// Everything comes from the random source that is passed in, so a seed says
// it all. Rules and events share small domains of names, values, durations
// and dates, so that rules are often nearly true, thresholds are met
// exactly, events tie, and windows open and close to the millisecond. Every
// word of the language appears.
//
// The trap: values are drawn to be hit, not to be realistic. Do not measure
// speed with them.
//
// Not generated, because the language leaves open whether a rule may do
// so: now(), ago(), from_now(), traits and nested quantifiers within a
// predicate over events, and times joined from strings.
package generate
