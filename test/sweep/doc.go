// Package sweep measures what it costs to bring an edit of the rules to all
// stored profiles: one of 10,000 segments of the standard workload changes
// while a million profiles are stored in a real Redis and events keep coming.
//
// The benchmark demands what users may count on: make bench PART=sweep. A
// sweep of few profiles is a test, which looks at the outcome and not at the
// clock. MUSTER_SWEEP_PROFILES sets the benchmark's number of profiles.
//
// The trap: profiles are copies of 20,000 that were made by events, as a
// million of them would take minutes. So the caches see more of the same
// bytes than they would, and what differs does so in steps of a 20,000th.
package sweep
