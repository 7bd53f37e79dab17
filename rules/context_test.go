package rules_test

import (
	"slices"
	"strings"
	"testing"

	"muster/rules"
	"muster/test/kit/ruleset"
)

// TestContextFields lists the fields that rules read, wherever they do.
func TestContextFields(t *testing.T) {
	for rule, want := range map[string][]string{
		`traits.context.ip == 1 and any(events("A"), .properties.context.ip == 1)`: nil,
		`context.device.type == "tv" or context.device.model == "M"`:               {"device"},
		`any(events("A"), .context.app.version != nil)`:                            {"app"},
		`len(uniq(map(events("A"), .context.ip))) > 1`:                             {"ip"},
		`last(events("A")).context["o s"].name == "x"`:                             {"o s"},
		`any(events("A"), any(.context.tags, # == "x"))`:                           {"tags"},
		`held(not (context.locale == "de"), "1h")`:                                 {"locale"},
		`let a = events("A"); count(a, .x > 1) > 0 and none(a, .context.os == 1)`:  {"os"},
		`abandoned(filter(events("A"), .context.a == 1), events("B"), "1h")`:       {"a"},
		`sequence("1h", events("A"), filter(events("B"), .context.z.y == 1))`:      {"z"},
		`any(events("A"), #["\u0063ontext"].page == 1) and context.a.b == 1`:       {"a", "page"},
	} {
		if got := ruleset.Compile(t, map[string]string{"s": rule}).ContextFields(); !slices.Equal(got, want) {
			t.Errorf("%s reads %q, want %q", rule, got, want)
		}
	}
	set := ruleset.Compile(t, map[string]string{"a": `context.b == 1`, "b": `segment("a") and context.a == 1`})
	if got := set.ContextFields(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("together they read %q", got)
	}
}

func TestExplainShowsContextsAndGroups(t *testing.T) {
	got := explained(t, `context.device.type == "tv" and any(groups, .plan == "pro") and any(events("A"), .context.ip == "::1" and .event_channel == "server" and .properties.context == 1)`, explainNow,
		`{"type":"track","userId":"u","event":"A","timestamp":"2026-11-01T12:00:00Z","context":{"device":{"type":"tv"}}}`,
		`{"type":"group","userId":"u","groupId":"acme","timestamp":"2026-11-02T12:00:00Z","traits":{"plan":"pro"}}`).String()
	for _, line := range []string{
		`+ context.device.type == "tv"`,
		`= context.device.type is "tv"`,
		`+ any(groups, #.plan == "pro")`,
		`= groups is [an object]`,
		`- count(filter(events("A"), .context.ip == "::1" and .event_channel == "server" and .properties.context == 1)) > 0`,
	} {
		if !strings.Contains(got, line) {
			t.Errorf("missing line %s\nin\n%s", line, got)
		}
	}
	set, err := rules.Compile([]rules.Segment{rules.NewSegment("s", `context.a == 1 and last(filter(events("*"), .context.a != nil)).context.a == 1`)})
	if err != nil || len(set.Schema().Series) != 2 {
		t.Errorf("the newest of all calls and that of events are two series: %v", err)
	}
}
