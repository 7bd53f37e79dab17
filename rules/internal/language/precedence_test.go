package language_test

import (
	"strings"
	"testing"

	"muster/rules/internal/language"
)

const (
	misreadNot   = "not stands before one side of this comparison, not before all of it"
	misreadChain = "a comparison can't be compared further without parentheses"
)

// TestMisreadComparisonsAreRefused whatever the operator and the operands
// are, with the place (marked by ^ before it) and what to write instead.
func TestMisreadComparisonsAreRefused(t *testing.T) {
	for rule, hint := range map[string]string{
		`^not traits.a == traits.b`:                          `write not (traits.a == traits.b), or traits.a != traits.b`,
		`^not traits.a != "x"`:                               `write not (traits.a != "x"), or traits.a == "x"`,
		`^!traits.a == traits.b`:                             `write not (traits.a == traits.b), or traits.a != traits.b`,
		`^not (traits.a) == 1`:                               `write not ((traits.a) == 1), or (traits.a) != 1`,
		`^not traits.a in traits.b`:                          `write not (traits.a in traits.b), or traits.a not in traits.b`,
		`^not traits.a in [true, false]`:                     `write not (traits.a in [true, false]), or traits.a not in [true, false]`,
		`^not traits.a in 1..4`:                              `write not (traits.a in 1..4), or traits.a not in 1..4`,
		`^not traits.a not in traits.b`:                      `write not (traits.a not in traits.b), or traits.a in traits.b`,
		`^not traits.a < traits.b`:                           `write not (traits.a < traits.b)`,
		`^not traits.a >= 5`:                                 `write not (traits.a >= 5)`,
		`^not traits.a contains "x"`:                         `write not (traits.a contains "x"), or traits.a not contains "x"`,
		`^not traits.a matches "x"`:                          `write not (traits.a matches "x"), or traits.a not matches "x"`,
		`^not traits.a + 1 == 4`:                             `write not (traits.a + 1 == 4), or traits.a + 1 != 4`,
		`^not not traits.a == 4`:                             `write traits.a == 4`,
		`^not count(events("A")) > 3`:                        `write not (count(events("A")) > 3)`,
		`^not traits.a < traits.b < 5`:                       `write not (traits.a < traits.b and traits.b < 5)`,
		"^not traits.a\n  == traits.b":                       `write not (traits.a == traits.b), or traits.a != traits.b`,
		`traits.x and ^not traits.a == 1 or traits.z`:        `write not (traits.a == 1), or traits.a != 1`,
		`traits.x ? ^not traits.a == 3 : true`:               `write not (traits.a == 3), or traits.a != 3`,
		`let x = ^not traits.a == 3; x`:                      `write not (traits.a == 3), or traits.a != 3`,
		`if ^not traits.a == 3 { true } else { false }`:      `write not (traits.a == 3), or traits.a != 3`,
		`any(traits.l, {^not # == 4})`:                       `write not (# == 4), or # != 4`,
		`count(events("A"), ^not .a == .b) > 3`:              `write not (.a == .b), or .a != .b`,
		`events("A") | filter(^not .a == 3) | count() > 3`:   `write not (.a == 3), or .a != 3`,
		`held(^not traits.a == 3, "7d")`:                     `write not (traits.a == 3), or traits.a != 3`,
		`traits.a == traits.b ^== traits.c`:                  `write traits.a == traits.b and traits.b == traits.c`,
		`traits.a != traits.b ^!= traits.c`:                  `write traits.a != traits.b and traits.b != traits.c`,
		`traits.a == traits.b ^!= traits.c == 4`:             `write traits.a == traits.b and traits.b != traits.c and traits.c == 4`,
		`traits.a < traits.b ^== traits.c`:                   `write traits.a < traits.b and traits.b == traits.c`,
		`traits.a == traits.b ^< 5`:                          `write traits.a == traits.b and traits.b < 5`,
		`1 < traits.a < 3 ^== true`:                          `write 1 < traits.a and traits.a < 3 and 3 == true`,
		`traits.a in traits.b ^== true`:                      `write (traits.a in traits.b) == true`,
		`traits.a not in traits.b ^!= true`:                  `write (traits.a not in traits.b) != true`,
		`(traits.a == 3) == true ^== traits.b`:               `write (traits.a == 3) == true and true == traits.b`,
		`traits["a b"] == traits.b ^== f`:                    `write traits["a b"] == traits.b and traits.b == f`,
		`^not traits.a /* or not */ == 4`:                    `write not (traits.a == 4), or traits.a != 4`,
		`^not (traits.a /* or not */) == 4`:                  `write not (a == b), or a != b`,
		`^not traits.` + strings.Repeat("a", 300) + ` == 4`:  `write not (a == b), or a != b`,
		`traits.` + strings.Repeat("a", 300) + ` == 4 ^== 4`: `write a == b and b == c`,
	} {
		from := strings.IndexByte(rule, '^')
		_, mistakes := language.Check(rule[:from] + rule[from+1:])
		want := misreadNot
		if rule[from+1] != 'n' && !strings.Contains(rule, "^!traits") {
			want = misreadChain
		}
		if len(mistakes) == 0 || mistakes[0].Message != want || mistakes[0].Hint != hint || mistakes[0].From != from {
			t.Errorf("%s\nhas %+v\nwant the hint %s", rule, mistakes, hint)
		}
	}
}

// TestWhatIsWrittenOutIsNotMisread accepts the same with parentheses, and what
// reads as it is meant.
func TestWhatIsWrittenOutIsNotMisread(t *testing.T) {
	for _, rule := range []string{
		`not (traits.a == traits.b)`, `(not traits.a) == traits.b`, `((not traits.a)) != traits.b`, `(not traits.a) in traits.b`,
		`(traits.a == traits.b) == traits.c`, `traits.a == (traits.b == traits.c)`, `traits.a == not traits.b`, `1 < traits.a < 3`,
		`(1 < traits.a < 3) == true`, `(traits.a not in traits.b) == true`, `not traits.a`, `not traits.a.b`, `not traits.a ?? traits.b`,
		`not traits.a and traits.b == 3`, `traits.b == 3 or not traits.a`, `traits.a not in traits.b`, `-traits.a == 4`, `!(traits.a == 3)`,
		`let a = traits.a == 1; a == true`, `any(traits.l, not #) == true`, `(traits.a ? traits.b : traits.c) == 3`,
	} {
		if _, mistakes := language.Check(rule); len(mistakes) > 0 {
			t.Errorf("%s\n%+v", rule, mistakes)
		}
	}
}

// TestMisreadComparisonsHideNoOtherMistake of their operands.
func TestMisreadComparisonsHideNoOtherMistake(t *testing.T) {
	for rule, want := range map[string]int{`not foo == bar`: 3, `foo == bar == baz`: 4, `1 < foo < bar == baz`: 4, `not traits.a in 1..4`: 1} {
		if _, mistakes := language.Check(rule); len(mistakes) != want {
			t.Errorf("%s: %d mistakes, want %d: %+v", rule, len(mistakes), want, mistakes)
		}
	}
}
