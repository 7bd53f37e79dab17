// Package language turns the text of a rule into checked Terms.
//
// A text goes through expr's parser, which makes a syntax tree (parse.go), then
// a checker, which turns the tree into Terms of Muster's own vocabulary and
// refuses what is outside it (check*.go). Terms have two texts. String is
// canonical, so equal texts mean the same and can serve as keys; Text is for
// people.
//
// It promises that a checked Term can be evaluated for any profile without an
// error, that every mistake of a rule is found at once, each with its position
// in the text and, where there is one, a hint that is itself valid, and that
// checking takes bounded time and memory for any text (MaxSource, maxTerms).
//
// The trap: checking rewrites. any(S, p) becomes count(S, p) > 0, and sequence
// and abandoned become comparisons with the current time, so what is evaluated
// and explained is not word for word what was written. Canonical texts are
// stored, as digests, with profiles: changing one loses what they keep.
package language
