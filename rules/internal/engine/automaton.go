package engine

import (
	"regexp/syntax"
	"slices"
	"strings"

	"muster/rules/internal/language"
)

// automaton finds all patterns that hold of a text in one pass over it
// (Aho and Corasick, CACM 1975). Contained texts, prefixes and the literals
// without which a regular expression can't match are words in it; only
// expressions whose literal was seen are run. Bytes that no word has share
// one class, which keeps the table small.
type automaton struct {
	patterns []pattern
	class    [256]uint16
	classes  int
	next     []int32  // state*classes + class -> state
	final    []final  // by state
	contains []uint32 // patterns whose word ends in a state, through suffixes too, state by state
	begin    []uint32 // by state and one more, where its part of contains begins
	prefixes [][]int  // by state, prefixes whose word ends in it and is all that leads to it
	gated    [][]int  // by state, expressions whose literal ends in it
	depth    []int
	suffixes []int // texts to end with
	always   []int // empty texts, true of every text
	ungated  []int // expressions without a literal
}

// final says what ends in a state.
type final uint8

const (
	endsContained final = 1 << iota
	endsPrefix
	endsGated
)

func newAutomaton(patterns []pattern) *automaton {
	made := &automaton{patterns: patterns, classes: 1}
	words := make([]string, len(patterns))
	for i, p := range patterns {
		words[i] = made.word(i, p)
		for j := range len(words[i]) {
			if c := words[i][j]; made.class[c] == 0 {
				made.class[c] = uint16(made.classes)
				made.classes++
			}
		}
	}
	made.state(0)
	contains := map[int32][]uint32{}
	for i, w := range words {
		if w != "" {
			made.insert(i, w, contains)
		}
	}
	made.link(contains)
	made.finish(contains)
	return made
}

// word is what the automaton looks for on behalf of a pattern, "" if
// nothing.
func (a *automaton) word(i int, wanted pattern) string {
	switch {
	case wanted.op == language.OpIn:
		return ""
	case wanted.op == language.OpMatches:
		w := requiredLiteral(wanted.text)
		if w == "" {
			a.ungated = append(a.ungated, i)
		}
		return w
	case wanted.text == "":
		a.always = append(a.always, i)
	case wanted.op == language.OpEndsWith:
		a.suffixes = append(a.suffixes, i)
		return ""
	}
	return wanted.text
}

// requiredLiteral returns the longest text that every match contains.
func requiredLiteral(expression string) string {
	parsed, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return ""
	}
	best := ""
	var walk func(*syntax.Regexp)
	walk = func(part *syntax.Regexp) {
		switch part.Op {
		case syntax.OpLiteral:
			if text := string(part.Rune); part.Flags&syntax.FoldCase == 0 && len(text) > len(best) {
				best = text
			}
		case syntax.OpConcat, syntax.OpCapture, syntax.OpPlus:
			for _, s := range part.Sub {
				walk(s)
			}
		}
	}
	walk(parsed.Simplify())
	return best
}

func (a *automaton) state(depth int) int32 {
	for range a.classes {
		a.next = append(a.next, -1)
	}
	a.prefixes, a.gated = append(a.prefixes, nil), append(a.gated, nil)
	a.depth = append(a.depth, depth)
	return int32(len(a.depth) - 1)
}

func (a *automaton) insert(pattern int, word string, contains map[int32][]uint32) {
	at := int32(0)
	for i := range len(word) {
		edge := int(at)*a.classes + int(a.class[word[i]])
		if a.next[edge] < 0 {
			made := a.state(i + 1)
			a.next[edge] = made
		}
		at = a.next[edge]
	}
	switch a.patterns[pattern].op {
	case language.OpStartsWith:
		a.prefixes[at] = append(a.prefixes[at], pattern)
	case language.OpMatches:
		a.gated[at] = append(a.gated[at], pattern)
	default:
		contains[at] = append(contains[at], uint32(pattern))
	}
}

// link completes the transitions, breadth first, so that every state also
// knows the words that end in its longest suffix.
func (a *automaton) link(contains map[int32][]uint32) {
	fail := make([]int32, len(a.depth))
	queue := make([]int32, 0, len(a.depth))
	follow := func(from int32, class int, to int32) {
		edge := int(from)*a.classes + class
		if child := a.next[edge]; child >= 0 {
			fail[child] = to
			queue = append(queue, child)
		} else {
			a.next[edge] = to
		}
	}
	for class := range a.classes {
		follow(0, class, 0)
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if more := contains[fail[at]]; len(more) > 0 {
			contains[at] = append(contains[at], more...)
		}
		a.gated[at] = append(a.gated[at], a.gated[fail[at]]...)
		for class := range a.classes {
			follow(at, class, a.next[int(fail[at])*a.classes+class])
		}
	}
}

// finish puts what ends in the states where matching finds it fast.
func (a *automaton) finish(contains map[int32][]uint32) {
	a.final, a.begin = make([]final, len(a.depth)), make([]uint32, 1, len(a.depth)+1)
	for i := range a.final {
		if found := contains[int32(i)]; len(found) > 0 {
			a.final[i] |= endsContained
			a.contains = append(a.contains, found...)
		}
		a.begin = append(a.begin, uint32(len(a.contains)))
		if len(a.prefixes[i]) > 0 {
			a.final[i] |= endsPrefix
		}
		if len(a.gated[i]) > 0 {
			a.final[i] |= endsGated
		}
	}
	a.contains = slices.Clip(a.contains)
}

// match sets the bit of every pattern that holds of s.
func (a *automaton) match(text string, words bitset) {
	at := int32(0)
	for i := range len(text) {
		at = a.next[int(at)*a.classes+int(a.class[text[i]])]
		if ends := a.final[at]; ends != 0 {
			a.accept(at, ends, i+1, text, words)
		}
	}
	for _, p := range a.suffixes {
		if strings.HasSuffix(text, a.patterns[p].text) {
			words.add(uint32(p))
		}
	}
	for _, p := range a.always {
		words.add(uint32(p))
	}
	for _, p := range a.ungated {
		if a.patterns[p].expr.MatchString(text) {
			words.add(uint32(p))
		}
	}
}

func (a *automaton) accept(at int32, ends final, read int, text string, words bitset) {
	for _, p := range a.contains[a.begin[at]:a.begin[at+1]] {
		words.add(p)
	}
	if ends&endsPrefix != 0 && a.depth[at] == read {
		for _, p := range a.prefixes[at] {
			words.add(uint32(p))
		}
	}
	if ends&endsGated != 0 {
		for _, p := range a.gated[at] {
			if !words.has(uint32(p)) && a.patterns[p].expr.MatchString(text) {
				words.add(uint32(p))
			}
		}
	}
}
