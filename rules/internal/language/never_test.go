package language_test

import (
	"strings"
	"testing"
	"unicode"

	"muster/rules/internal/language"
)

// TestComparisonsThatAreNeverTrueAreRefused, each with what is said of it
// and what it hints at.
func TestComparisonsThatAreNeverTrueAreRefused(t *testing.T) {
	for rule, want := range map[string]string{
		`lower(traits.c) == "DE"`:                               `lower(traits.c) is never "DE" | write "de"`,
		`"DE" == lower(traits.c)`:                               `lower(traits.c) is never "DE" | write "de"`,
		`lower(traits.c) != "DE"`:                               `lower(traits.c) is never "DE" | write "de"`,
		`lower(traits.c) in ["de", "Fr"]`:                       `lower(traits.c) is never "Fr" | write "fr"`,
		`lower(traits.c) not in ["DE"]`:                         `lower(traits.c) is never "DE" | write "de"`,
		`upper(traits.c) == "Zoë"`:                              `upper(traits.c) is never "Zoë" | write "ZOË"`,
		`trim(traits.c) == " a"`:                                `trim(traits.c) is never " a" | write "a"`,
		`trim(lower(traits.c)) == "A "`:                         `trim(lower(traits.c)) is never "A " | write "a"`,
		`lower(traits.c) contains "X"`:                          `lower(traits.c) never contains "X" | write "x"`,
		`lower(trim(traits.c)) startsWith " a"`:                 `lower(trim(traits.c)) never starts with " a" | write "a"`,
		`trim(traits.c) endsWith "a "`:                          `trim(traits.c) never ends with "a " | write "a"`,
		`not (upper(traits.c) startsWith "de")`:                 `upper(traits.c) never starts with "de" | write "DE"`,
		`lower(traits.c) matches "^DE"`:                         `lower(traits.c) never matches "^DE" | write small letters behind lower, capitals behind upper`,
		`upper(traits.c) matches "a|[b-d]+"`:                    `upper(traits.c) never matches "a|[b-d]+" | write small letters behind lower, capitals behind upper`,
		`(lower(traits.c) ?? "none") == "None"`:                 `lower(traits.c) is never "None" | write "none"`,
		`lower(traits.c ?? "x") == "X"`:                         `lower(traits.c ?? "x") is never "X" | write "x"`,
		`(traits.x ? lower(traits.c) : lower(traits.d)) == "D"`: `lower(traits.d) is never "D" | write "d"`,
		`let c = lower(traits.c); c == "DE"`:                    `lower(traits.c) is never "DE" | write "de"`,
		`any(traits.l, lower(#) == "DE")`:                       `lower(#) is never "DE" | write "de"`,
		`any(events("A"), lower(.c) == "DE")`:                   `lower(.c) is never "DE" | write "de"`,
		`last(map(events("A"), lower(.c))) == "X"`:              `last(map(events("A"), lower(.c))) is never "X" | write "x"`,
		`len(traits.x) == -1`:                                   `len(traits.x) is never -1 | it is a whole number, 0 or more`,
		`len(traits.x) < 0`:                                     `len(traits.x) is never less than 0 | it is a whole number, 0 or more`,
		`0 > count(events("A"))`:                                `count(events("A")) is never less than 0 | it is a whole number, 0 or more`,
		`count(events("A")) <= -1`:                              `count(events("A")) is never at most -1 | it is a whole number, 0 or more`,
		`count(events("A")) == 1.5`:                             `count(events("A")) is never 1.5 | it is a whole number, 0 or more`,
		`count(events("A")) in -3..-1`:                          `count(events("A")) is never from -3 to -1 | it is a whole number, 0 or more`,
		`len(uniq(map(events("A"), .x))) in [1, 2.5]`:           `len(uniq(map(events("A"), .x))) is never 2.5 | it is a whole number, 0 or more`,
		`count(traits.l, # == 1) == 0.5`:                        `count(traits.l, # == 1) is never 0.5 | it is a whole number, 0 or more`,
		`bucket("a") > 100`:                                     `bucket("a") is never greater than 100 | it is a number from 0 to 99.99`,
		`bucket("a") >= 100`:                                    `bucket("a") is never at least 100 | it is a number from 0 to 99.99`,
		`traits.a % 3 == 3`:                                     `traits.a % 3 is never 3 | it is a whole number from -2 to 2`,
		`traits.a % 0 < 9`:                                      `traits.a % 0 is never less than 9 | the remainder of a division by 0 or by a fraction is missing`,
		`any(events("A"), .event_day == "Monday")`:              `.event_day is never "Monday" | write a day as 2026-11-21`,
		`any(events("A"), .event_day == "2026-11-21T10:00Z")`:   `.event_day is never "2026-11-21T10:00Z" | write a day as 2026-11-21`,
		`int(traits.a) == 2.5`:                                  `int(traits.a) is never 2.5 | it is a whole number from -9007199254740992 to 9007199254740992`,
		`int(bucket("a")) > 99`:                                 `int(bucket("a")) is never greater than 99 | it is a whole number from 0 to 99`,
		`string(float(traits.a)) == "3.0"`:                      `string(float(traits.a)) is never "3.0" | write "3"`,
		`string(len(traits.a)) in ["1", "-1"]`:                  `string(len(traits.a)) is never "-1" | it is a whole number, 0 or more`,
		`string(traits.a > 1) != "TRUE"`:                        `string(traits.a > 1) is never "TRUE" | write "true" or "false"`,
		`string(profile.last_seen) == "today"`:                  `string(profile.last_seen) is never "today" | write a time as 2026-11-21T10:00:00Z`,
		`string(lower(traits.a)) == "DE"`:                       `lower(traits.a) is never "DE" | write "de"`,
		`date(traits.a) == 5`:                                   `a time is compared with a number | write the time as date("2026-11-21T10:00:00Z")`,
		`5 in profile.groups`:                                   `a number is compared with a string, which is never true | write a string in quotes, as lower(traits.plan) == "3"`,
		`any(profile.groups, # == 5)`:                           `a string is compared with a number, which is never true | write a string in quotes, as lower(traits.plan) == "3"`,
	} {
		_, mistakes := language.Check(rule)
		if len(mistakes) != 1 || mistakes[0].Message+" | "+mistakes[0].Hint != want {
			t.Errorf("%s\nhas %+v\nwant %s", rule, mistakes, want)
		}
	}
}

func TestComparisonsThatMayBeTrueAreAccepted(t *testing.T) {
	for _, rule := range []string{
		`lower(traits.c) == "de"`, `lower(traits.c) == traits.d`, `lower(traits.c) == upper(traits.d)`, `lower(traits.c) < "DE"`,
		`lower(upper(traits.c)) == "de"`, `upper(lower(traits.c)) == "DE"`, `lower(traits.c) matches "(?i)^DE"`, `lower(traits.c) matches "[A-Za-z]"`,
		`lower(traits.c) matches "(DE)?x"`, `lower(traits.c) matches "D*x"`, `lower(traits.c) matches "DE|fr"`, `lower(traits.c) matches "[^a-z]"`,
		`trim(traits.c) contains " "`, `trim(traits.c) startsWith "a "`, `upper(traits.s) == "STRAßE"`, `(lower(traits.c) ?? "DE") == "DE"`,
		`(traits.x ? 1 : 2) == 3`, `len(traits.x) >= 0`, `len(traits.x) > -1`, `count(events("A")) == 2.0`, `bucket("a") <= 0`, `traits.a % 3 == -2`,
		`any(events("A"), .event_day >= "M")`, `any(events("A"), .event_day == "2026-11-21T01:00+01")`, `lower(traits.c) == "2026-11-21T10:00:00Z"`,
		`string(traits.a) == "3.0"`, `string(float(traits.a)) == "1e+21"`, `upper(string(traits.a > 1)) == "TRUE"`, `string(profile.last_seen) == "2026-11-21"`,
		`float(traits.a) == 2.5`, `int(traits.a) == -9007199254740992`, `trim(traits.c) in ["2026-11-21", "a"]`, `string(float(traits.a)) startsWith "0"`, `"x" in profile.groups`, `traits.a in []`, `sum(events("A"), .x) == 1.5`, `min(map(events("A"), .x)) < 0`,
	} {
		if _, mistakes := language.Check(rule); len(mistakes) > 0 {
			t.Errorf("%s\n%+v", rule, mistakes)
		}
	}
}

// TestCaseIsSettledAtOnce: that lower(x) is never "DE" rests on lower leaving
// alone what it has made, of every character there is.
func TestCaseIsSettledAtOnce(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		lower, upper := strings.ToLower(string(r)), strings.ToUpper(string(r))
		if strings.ToLower(lower) != lower || strings.ToUpper(upper) != upper {
			t.Errorf("%q is cased differently a second time", r)
		}
		if trimmed := strings.TrimSpace(string(r)); trimmed != "" && (strings.TrimSpace(lower) != lower || strings.TrimSpace(upper) != upper) {
			t.Errorf("%q becomes space when it is cased", r)
		}
	}
}

// TestNumbersThatLoseDigitsAreRefused, however long they are and however
// they are spelled.
func TestNumbersThatLoseDigitsAreRefused(t *testing.T) {
	long := strings.Repeat("9", 4000)
	for _, number := range []string{
		"9007199254740993", "9007199254740994", "-9007199254740993", "9_007_199_254_740_993", "99999999999999999999", long, "0x20000000000001",
		"0xFFFFFFFFFFFFFFFFFFFF", "0b1" + strings.Repeat("0", 60), "0o7777777777777777777", "9007199254740993.0", "9007199254740992.5", long + ".5",
		"9007199254740993e0", "900719925474099.3e1",
	} {
		for _, rule := range []string{"traits.x == " + number, "traits.x in [1, " + number + "]", "any(events(\"A\"), .x > " + number + ")"} {
			_, mistakes := language.Check(rule)
			if len(mistakes) != 1 || !strings.Contains(mistakes[0].Message, "too large to be told from") ||
				!strings.HasPrefix(rule[mistakes[0].From:], strings.TrimPrefix(number, "-")) {
				t.Errorf("%.60s: %+v", rule, mistakes)
			}
		}
	}
	for _, number := range []string{"9007199254740992", "-9007199254740992", "0x20000000000000", "1e16", "1e23", "1e300", "2.5e15", "0.1", "4503599627370496.5"} {
		if _, mistakes := language.Check("traits.x < " + number); len(mistakes) > 0 {
			t.Errorf("%s: %+v", number, mistakes)
		}
	}
}
