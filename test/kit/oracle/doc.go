// Package oracle is the slow, obviously right evaluator of Muster's rule
// language, and the truth that tests hold the engine against.
//
// It keeps every event of every profile as plain Go data and answers each
// question from scratch: sort the history, replay the trait writes, and run
// the rule on expr's own virtual machine with expr's own any, all, none,
// one, count, filter, map, uniq, first and last. Only what the language
// defines differently from expr (the missing-value law and its kin) is
// replaced, in rewrite.go and call.go, by calls of small Go functions. It
// shares no code with packages rules and profile, so a mistake has to be
// made twice to stay hidden.
//
// Since when a condition of held is true depends on what was known when, so
// it alone is followed along the way: held.go asks at every event and at
// every instant between at which an answer may flip.
//
// It promises the meaning of docs/rules.md and nothing about speed beyond
// some tens of microseconds a decision; nothing in it is bounded, so it is
// for tests only.
//
// The trap: an Oracle runs its programs against one shared moment, so it
// is for one goroutine at a time.
package oracle
