// Package service is the always-on service: it wires the parts of a
// configuration between Kafka and Redis, waits while either can't be reached,
// and probes what it would otherwise not notice.
//
// It promises that a Service works until its context ends and then commits
// what is at hand, that it never ends because of something that waiting can
// mend, and that what it ends with instead is an *UnusableError that says
// what to change. Readiness tells at any time what it waits for.
//
// The trap: New takes go-redis' own messages into its log, and that is one
// log for the whole process. Of two Services in a process the last one has
// them.
package service
