// Package engine evaluates checked rules for profiles: it says which
// memberships flip when something changes, and when the next will flip by
// itself.
//
// A Builder takes Terms and makes a Set, which holds an index of all rules; a
// Matcher is one goroutine's scratch space for a Set. The order to read in:
// formula.go and literal.go (rules become and, or and literals), scale.go and
// sensor.go (values become cells and bits), postings.go, rest.go and access.go
// (rules are filed under their literals), then matcher.go, refresh.go,
// propagate.go and full.go (a change is followed through the index), and
// deadline.go (so is time). "The engine of rules" in ARCHITECTURE.md tells it with an example.
//
// It promises that following changes one by one ends in the memberships that
// a full evaluation of the profile yields, that no deadline is late, and that
// following a change allocates nothing.
//
// The trap: the engine knows segments by position only, and a rule may mention
// only what stands before it. Who builds a Set puts the rules in such an order
// first.
package engine
