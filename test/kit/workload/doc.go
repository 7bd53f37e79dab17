// Package workload makes the workloads of the benchmarks: 100 attributes of a
// customer, rules over them with the selectivity of real audiences, and events
// that change a few attributes of one profile. Of Attributes, all are traits:
// that is the standard workload of matching. Of Customers, 40 are aggregates
// over windows, for benchmarks of the whole way.
//
// It promises that the same seed makes the same profiles, rules and events,
// and that a rule reads the same in Muster's language, in expr and in CEL.
//
// The trap: events depend on the values that a profile has, because counters
// count. Whoever skips an event of Traffic gets other ones from there on.
package workload
