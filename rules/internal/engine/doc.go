// Package engine evaluates checked rules for profiles: it says which
// memberships flip when something changes, and when the next will flip by
// itself.
//
// A Builder takes Terms and makes a Set, which holds an index of all rules; a
// Matcher is one goroutine's scratch space for a Set.
//
// It promises that following changes one by one ends in the memberships that
// a full evaluation of the profile yields, that no deadline is late, and that
// following a change allocates nothing.
//
// The trap: the engine knows segments by position only, and a rule may mention
// only what stands before it. Who builds a Set puts the rules in such an order
// first.
//
// # How a change is followed
//
// The method is that of Whang et al. (Indexing Boolean Expressions, VLDB
// 2009), Fabret et al. (Filtering Algorithms, SIGMOD 2001) and Ji and Jacobsen
// (A-Tree, SIGMOD 2021), turned from matching whole events to following single
// changes. Three rules show it:
//
//	a: traits.plan == "pro" and traits.age >= 30
//	b: traits.age < 30 and traits.country in ["DE", "FR"]
//	c: traits.age >= 30 and traits.age < 65
//
// The constants that rules compare traits.age with, 30 and 65, cut its values
// into five cells. This is its scale. A boundary between cells has posting
// lists: what may become true when the value crosses it, and what may become
// false.
//
//	traits.age       below 30  |    30    |  between  |    65    |  above 65
//	cell                 0     |     1    |     2     |     3    |     4
//	                           ^                      ^
//	                 boundary into 30         boundary into 65
//
//	upwards    entry  a   gate: plan is "pro"         exit   c
//	           entry  c   gate: c itself
//	           exit   b
//
//	downwards  entry  b   gate: country is DE or FR   entry  c   gate: c itself
//	           exit   a
//	           exit   c
//
// An entry names a rule that may now be entered, and an exit one that may now
// be left. A gate is the other predicate of the rule that holds least often,
// because most entries die there. The gate of c is c itself, as a long move
// upwards may pass 65 too. Behind the gate stands a rest, with what else the
// rule demands.
//
// A customer in Germany with the plan "free" turns from 29 to 31. The value
// moves from cell 0 to cell 2, so one boundary with lists was crossed, upwards:
//
//   - exit b: the profile is in b and can't stay, so it leaves;
//   - entry a: the plan is not "pro", so the gate stops it;
//   - entry c: the gate holds and nothing else is demanded, so the profile
//     enters c.
//
// From 31 to 40 the cell stays the same, and nothing is looked at.
//
// # The files in the order of work
//
//   - formula.go pushes negations down to the predicates.
//   - literal.go says how each predicate is followed: by a scale (scale.go), by
//     a bit for searches in texts (automaton.go tells all in one pass, and
//     sensor.go reads the inputs), by membership of another segment, by
//     held(...), whose condition is indexed like a rule without a name, or else
//     by computing it.
//   - postings.go, lists.go and rest.go file each rule under each of its
//     predicates.
//   - matcher.go is the way in. refresh.go reads changed inputs and propagate.go
//     follows their moves: exits, then gates, then rests, in loops without
//     branches on data. A rule's program (program.go) runs only where lists
//     can't tell for sure. Rules that mention segments or held come last, in
//     order of dependency.
//   - full.go evaluates every rule of a profile. For that each rule is filed
//     under the set of predicates, one of which must hold, that is cheapest to
//     follow (access.go).
//   - deadline.go says when a rule can next tell a difference by time alone, and
//     due.go remembers it by series.
package engine
