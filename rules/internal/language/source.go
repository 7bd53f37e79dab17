package language

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser/lexer"
)

// source is a rule's text and its tokens. The syntax tree has neither the
// parentheses of a rule nor the digits of its numbers; the tokens do.
type source struct {
	text   []rune
	tokens []lexer.Token
	opened []int       // of a closing bracket: the token that it closes; else -1
	at     map[int]int // where a token begins -> which one it is
}

// scan reads the tokens of a rule's text. Of a text that has none it returns
// nothing: the parser says what is wrong with it.
func scan(text string) source {
	tokens, err := lexer.Lex(file.NewSource(text))
	if err != nil {
		return source{}
	}
	s := source{text: []rune(text), tokens: tokens, opened: make([]int, len(tokens)), at: make(map[int]int, len(tokens))}
	var open []int
	for i, t := range tokens {
		s.at[t.From], s.opened[i] = i, -1
		switch {
		case t.Kind != lexer.Bracket:
		case strings.Contains("([{", t.Value):
			open = append(open, i)
		case len(open) > 0:
			s.opened[i], open = open[len(open)-1], open[:len(open)-1]
		}
	}
	return s
}

// maxExact is up to where every whole number is a number of its own.
const maxExact = 1 << 53

// mayLoseDigits reports whether a rule's text can have a number past maxExact:
// one with an exponent, or with sixteen digits or, written in hexadecimal or
// octal or binary, more. Most rules have none, and their tokens need not be
// read.
func mayLoseDigits(text string) bool {
	run := 0 // of letters and digits, from a digit on
	for _, c := range []byte(text) {
		switch {
		case '0' <= c && c <= '9', run > 0 && (c == '_' || c == '.'):
			run++
		case run > 0 && ('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'):
			if c == 'e' || c == 'E' {
				return true
			}
			run++
		default:
			run = 0
		}
		if run >= 16 {
			return true
		}
	}
	return false
}

// inexact lists the constants that can't be told from other numbers nearby.
// They would be rounded silently, and equal what the author does not mean.
func (s *source) inexact() []Mistake {
	var wrong []Mistake
	for _, t := range s.tokens {
		if t.Kind == lexer.Number && losesDigits(strings.ReplaceAll(t.Value, "_", "")) {
			wrong = append(wrong, Mistake{
				From:    t.From,
				Message: fmt.Sprintf("the number %s is too large to be told from those beside it", shortened(t.Value)),
				Hint:    `numbers are exact up to 9007199254740992; a longer id is a text in quotes, as traits.account == "12345678901234567890"`,
			})
		}
	}
	return wrong
}

// losesDigits reports whether a number past maxExact has digits that would
// be lost. One with an exponent says itself how many of its digits count, so
// it only must not have more than a number keeps.
func losesDigits(text string) bool {
	if len(text) > 1 && text[0] == '0' && strings.ContainsRune("xXoObB", rune(text[1])) {
		n, ok := new(big.Int).SetString(text, 0)
		return ok && n.Cmp(big.NewInt(maxExact)) > 0
	}
	nearest, err := strconv.ParseFloat(text, 64)
	if !strings.ContainsAny(text, "eE") {
		n, ok := new(big.Rat).SetString(text)
		return ok && n.Cmp(new(big.Rat).SetInt64(maxExact)) > 0
	}
	if err != nil || nearest < maxExact {
		return false // the parser refuses what is too large for a number
	}
	written, ok := new(big.Rat).SetString(text)
	kept, _ := new(big.Rat).SetString(strconv.FormatFloat(nearest, 'e', -1, 64))
	return ok && written.Cmp(kept) != 0
}

// shortened cuts what is too long for a message.
func shortened(text string) string {
	if len(text) <= 40 {
		return text
	}
	return text[:37] + "..."
}
