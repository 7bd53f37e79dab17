package rules_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"muster/rules"
)

// exampleOf reads a segment with one example whose event has a trait.
func exampleOf(t *testing.T, written string) ([]byte, rules.Errors) {
	t.Helper()
	file := "segments:\n  - id: a\n    rule: traits.x != nil\n    tests:\n      - events:\n          - type: identify\n            userId: u1\n" +
		"            traits:\n              " + written + "\n        expect: in\n"
	segments, errs := rules.Read(rules.Source{Name: "a.yaml", Data: []byte(file)})
	if len(errs) > 0 {
		return nil, errs
	}
	return segments[0].Tests[0].Events[0], nil
}

// TestExamplesThatYAMLReadsDifferently are refused where they stand, with the
// quoted form and with the value that may be meant.
func TestExamplesThatYAMLReadsDifferently(t *testing.T) {
	for written, other := range map[string]string{
		"01234": ", or 1234 for a number", "007": ", or 7 for a number", "-01": ", or -1 for a number", "08": ", or 8 for a number", "00": ", or 0 for a number",
		"1e3": ", or 1000 for a number", "1E3": ", or 1000 for a number", "-1e5": ", or -100000 for a number", "1e+3": ", or 1000 for a number",
		"1e-2": ", or 0.01 for a number", "1e300": ", or 1.0e+300 for a number", "1e400": ", or another for a number", "0x1F": ", or 31 for a number",
		"0o17": ", or 15 for a number", "0b11": ", or 3 for a number", "+5": ", or 5 for a number", ".5": ", or 0.5 for a number", "5.": ", or 5 for a number",
		"-.5": ", or -0.5 for a number", "00.5": ", or 0.5 for a number", "1_000": ", or 1000 for a number",
		"123456789012345678901234567890": ", or 1.2345678901234568e+29 for a number", ".inf": "", "-.inf": "", ".nan": "", "~": ", or null", "Null": ", or null",
		"NULL": ", or null", "yes": ", or true", "Yes": ", or true", "YES": ", or true", "no": ", or false", "No": ", or false", "on": ", or true",
		"off": ", or false", "OFF": ", or false", "y": ", or true", "N": ", or false", "True": ", or true", "TRUE": ", or true", "False": ", or false",
	} {
		for form, column := range map[string]int{"x: %s": 18, "x: [1, %s]": 22, "x: {y: %s}": 22, "{z: 1, x: %s}": 25} {
			_, errs := exampleOf(t, fmt.Sprintf(form, written))
			want := rules.Error{
				File: "a.yaml", Segment: "a", Line: 9, Column: column, Message: "YAML and JSON read " + written + " differently",
				Hint: fmt.Sprintf("write %q for a text%s", written, other),
			}
			if len(errs) != 1 {
				t.Errorf("%s: %v", written, errs)
				continue
			}
			want.Source = errs[0].Source
			if *errs[0] != want {
				t.Errorf("%s\n%v\nwant\n%v", written, errs[0], &want)
			}
		}
		if got, errs := exampleOf(t, fmt.Sprintf("x: %q", written)); len(errs) > 0 || !strings.Contains(string(got), fmt.Sprintf(`"x":%q`, written)) {
			t.Errorf("%q in quotes: %s %v", written, got, errs)
		}
	}
}

// TestExamplesThatYAMLReadsAlike come out as they are written.
func TestExamplesThatYAMLReadsAlike(t *testing.T) {
	for written, want := range map[string]string{
		"1234": "1234", "0": "0", "-5": "-5", "0.5": "0.5", "-12.25": "-12.25", "1.5e3": "1500", "12345678901234567890": "12345678901234567890",
		"true": "true", "false": "false", "null": "null", "plain words": `"plain words"`, "1.2.3": `"1.2.3"`, "2026-11-01": `"2026-11-01"`,
		"2026-11-01T10:00:00Z": `"2026-11-01T10:00:00Z"`, "12:30": `"12:30"`, "A-1": `"A-1"`, "yesterday": `"yesterday"`, "NaN": `"NaN"`, "1st": `"1st"`,
		`"01234"`: `"01234"`, `'1e3'`: `"1e3"`, `"yes"`: `"yes"`, `""`: `""`, "[]": "[]", "{}": "{}", "[1, two]": `[1,"two"]`, "|\n                yes": `"yes\n"`,
	} {
		got, errs := exampleOf(t, "x: "+written)
		if !strings.Contains(string(got), `"traits":{"x":`+want+`}`) || len(errs) > 0 {
			t.Errorf("%s: %s %v, want %s", written, got, errs, want)
		}
	}
}

func TestKeysOfExamples(t *testing.T) {
	for _, key := range []string{"01", "0x1F", "1.50", "True", "~"} {
		_, errs := exampleOf(t, key+": 1")
		if len(errs) != 1 || errs[0].Column != 15 || errs[0].Message != "YAML and JSON read the key "+key+" differently" || errs[0].Hint != fmt.Sprintf("write %q", key) {
			t.Errorf("%s: %v", key, errs)
		}
	}
	for _, key := range []string{"yes", "1", "-3", "true", "1e3", `"01"`} {
		got, errs := exampleOf(t, key+": 1")
		if want := fmt.Sprintf(`{"%s":1}`, strings.Trim(key, `"`)); len(errs) > 0 || !strings.Contains(string(got), want) {
			t.Errorf("%s: %s %v", key, got, errs)
		}
	}
}

func TestExamplesWithoutAValue(t *testing.T) {
	_, errs := exampleOf(t, "x:")
	if len(errs) != 1 || errs[0].Message != "a value is missing" || errs[0].Hint != `write null, or "" for an empty text` {
		t.Errorf("%v", errs)
	}
	var all rules.Errors
	if _, err := rules.Load(rules.Source{Name: "a.yaml", Data: []byte("segments:\n  - id: a\n    rule: traits.x\n    tests:\n" +
		"      - {events: [{type: identify, userId: 007, traits: {zip: 01234, paid: yes}}], expect: in}\n")}); !errors.As(err, &all) || len(all) != 3 {
		t.Errorf("%v", err)
	}
}
