package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"muster/rules"
)

func TestPseudoNotes(t *testing.T) {
	for text, want := range map[string]string{
		`any(events("A"), .hour >= 18)`:                                                  "1:19 .hour",
		`any(events("A"), .event_date == "x" and sum(.products, .hour) > 1)`:             "1:19 .event_date",
		`last(events("A")).weekday == "x" or any(events("B"), .month == 1)`:              "1:19 .weekday, 1:55 .month",
		`any(events("A"), .event_time > date("2026-11-01") and .event_day != "x")`:       "",
		`any(events("A"), .opening.hour == 5 and .date == "x") and traits.hour == "x"`:   "",
		`any(events("A"), .context.hour == 5) and context.hour == 5 and .hour == traits`: "",
	} {
		file := "segments:\n  - id: s\n    rule: |\n      " + text + "\n"
		var list []string
		for _, e := range rules.PseudoNotes(rules.Source{Name: "a.yaml", Data: []byte(file)}) {
			name, _, _ := strings.Cut(e.Message, " ")
			if !e.Note {
				t.Errorf("%v is no note", e)
			}
			list = append(list, fmt.Sprintf("%d:%d %s", e.Line-3, e.Column-6, name))
		}
		if got := strings.Join(list, ", "); got != want {
			t.Errorf("%s\n  is noted %q, expected %q", text, got, want)
		}
	}
}
