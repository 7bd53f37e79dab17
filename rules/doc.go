// Package rules turns segments written in Muster's rule language into an
// immutable Set that says, for a profile that has changed, which memberships
// flip and when the next one will flip by itself.
//
// It is a facade. The way of a rule: a YAML file is read into Segments here
// (yaml.go), internal/language checks each rule's text unless it is known
// (checks.go), segments are put in the order of their dependencies here
// (dependencies.go), which makes a Draft, and internal/engine makes of the rules
// what a Set holds (compile.go). A Matcher is one goroutine's scratch space for
// a Set.
//
// It promises that no rule ever errors at run time: a comparison with a
// missing or wrongly typed operand is false, and not, != and not in are exact
// complements. Mistakes are found when a rule is checked, all of a file at
// once, each as an Error with line, column, caret and a hint.
//
// The trap: a Set's segments are numbered by position, and positions change
// from Set to Set. Only segment ids outlive a Set.
package rules
