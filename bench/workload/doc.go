// Package workload makes the standard workload of the match benchmark: 100
// attributes of a customer, rules over them with the selectivity of real
// audiences, and events that change a few attributes of one profile.
//
// It promises that the same seed makes the same profiles, rules and events,
// and that a rule reads the same in Muster's language, in expr and in CEL.
//
// The trap: events depend on the values that a profile has, because counters
// count. Whoever skips an event gets other ones from there on.
package workload
