package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"muster/rules"
)

// noted lists what Notes says of rules that are one file, as the property and
// the column in the rule.
func noted(texts ...string) []string {
	file := "segments:\n"
	for i, text := range texts {
		file += fmt.Sprintf("  - id: s%d\n    rule: |\n      %s\n", i, text)
	}
	var list []string
	for _, e := range rules.Notes(rules.Source{Name: "a.yaml", Data: []byte(file)}) {
		property, _, _ := strings.Cut(e.Message, " ")
		list = append(list, fmt.Sprint(property, " ", e.Column-6))
	}
	return list
}

func TestNotes(t *testing.T) {
	for text, want := range map[string]string{
		`last(events("Order*")).name == "Order Paid"`:                                                        ".name 24",
		`"Order Paid" == first(events("Order*")).name`:                                                       ".name 41",
		`any(events("*"), .name in ["Tent", "x"])`:                                                           ".name 19",
		`any(events("*"), .name startsWith "Order")`:                                                         ".name 19",
		`any(events("Product Added"), .name == "Page Viewed")`:                                               ".name 31",
		`any(events("A"), .name == "B") and count(events("B")) > 0`:                                          ".name 19",
		`any(filter(events("A"), .x > 1), .name == "A")`:                                                     ".name 35",
		`let s = events("A"); any(s, .name == "A")`:                                                          ".name 30",
		`len(uniq(map(events("*"), .name))) > 2`:                                                             ".name 28",
		`last(events("A")).timestamp < ago("7d")`:                                                            ".timestamp 19",
		`last(map(events("A"), .timestamp)) < now()`:                                                         ".timestamp 1",
		`last(events("A"))?.timestamp < traits.until`:                                                        ".timestamp 20",
		`any(events("A"), .timestamp >= date("2026-11-01"))`:                                                 ".timestamp 19",
		`any(events("A"), #["timestamp"] < "2026-11-01")`:                                                    ".timestamp 19",
		`any(events("A"), .timestamp - .x > 5)`:                                                              ".timestamp 19",
		`(events("A") | map(.timestamp) | max()) > 5`:                                                        ".timestamp 21",
		`len(uniq(map(events("A"), .day))) > 3`:                                                              ".day 28",
		`any(events("A"), .day == "2026-11-21")`:                                                             ".day 19",
		`any(events("A"), .day matches "-0[1-9]$")`:                                                          ".day 19",
		`held(any(events("A"), .day in ["2026-11-21"]), "1d")`:                                               ".day 24",
		`traits.a ? any(events("A"), .day < "2026-11-21") : false`:                                           ".day 30",
		`any(events("*"), .name == "A" and not (.day == "2026-11-21"))`:                                      ".name 19, .day 41",
		`any(events("A"), .channel == "server")`:                                                             ".channel 19",
		`last(events("A")).channel in ["x", "mobile"]`:                                                       ".channel 19",
		`any(events("A"), .channel == "mail" or .channel != nil)`:                                            "",
		`any(events("A"), .properties.channel == "server")`:                                                  "",
		`last(events("A")).properties.timestamp < ago("7d")`:                                                 "",
		`len(uniq(map(events("*"), .channel))) > 2`:                                                          "",
		`any(events("Product Added"), .name == "Tent")`:                                                      "",
		`any(events("A"), .name startsWith "A")`:                                                             "",
		`len(uniq(map(events("Product Added"), .name))) > 2`:                                                 "",
		`any(events("Delivery Chosen"), .day == "Monday" and .timestamp == "soon")`:                          "",
		`any(events("A"), .timestamp == nil or .day != nil or .name == nil)`:                                 "",
		`any(events("A"), .timestamp > 5 and .items.name == "A")`:                                            "",
		`any(traits.list, .name == "A" and .day == "2026-11-21") and count(events("A")) > 0`:                 "",
		`any(events("A"), any(.products, .name == "A" and .timestamp < "2026-01-01"))`:                       "",
		`traits.name == "A" and traits.timestamp < ago("1d") and count(events("A")) > 0`:                     "",
		`any(events("*"), .event_name == "A" and .event_time < "2026-01-01" and .event_day == "2026-11-21")`: "",
	} {
		if _, err := rules.Compile([]rules.Segment{rules.NewSegment("s", text)}); err != nil {
			t.Errorf("%v", err)
		}
		if got := strings.Join(noted(text), ", "); got != want {
			t.Errorf("%s\n  is noted %q, expected %q", text, got, want)
		}
	}
}

// TestNotesKnowTheEventsOfAllFiles: a text is the name of an event where any
// segment counts such events.
func TestNotesKnowTheEventsOfAllFiles(t *testing.T) {
	doubtful := `any(events("A"), .name == "Order Paid")`
	if got := noted(doubtful); len(got) > 0 {
		t.Errorf("noted without such events: %v", got)
	}
	if got := noted(doubtful, `count(events("Order Paid", "7d")) > 0`); len(got) != 1 || got[0] != ".name 19" {
		t.Errorf("noted beside a segment of such events: %v", got)
	}
	if got := noted(doubtful, "traits.plan ="); len(got) > 0 {
		t.Errorf("noted beside a rule that can't be read: %v", got)
	}
}
