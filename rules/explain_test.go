package rules_test

import (
	"encoding/json"
	"strings"
	"testing"

	"muster/event"
	"muster/profile"
	"muster/rules"
	"muster/test/kit/ruleset"
)

// explained applies records to one profile and explains a segment for it.
func explained(t *testing.T, rule string, now int64, records ...string) *rules.Explanation {
	t.Helper()
	set := ruleset.Compile(t, map[string]string{"s": rule, "other": "true"})
	p := applied(t, set, now, records...)
	rules.NewMatcher(set).Full(p, now)
	x, err := set.Explain(p, "s", now)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// applied is a profile behind records.
func applied(t *testing.T, set *rules.Set, now int64, records ...string) *profile.Profile {
	t.Helper()
	decoder, err := event.NewDecoder(event.Default())
	if err != nil {
		t.Fatal(err)
	}
	p, cfg := profile.New("u"), profile.Default()
	for _, r := range records {
		events, rejected := decoder.Decode(nil, nil, []byte(r), 0, 0)
		if len(rejected) > 0 {
			t.Fatal(rejected[0].Reason)
		}
		p.Apply(set.Schema(), &cfg, &events[0], now, &profile.Changed{})
	}
	return p
}

const explainNow = 1_793_880_000_000 // 2026-11-05T12:00:00Z

var explainRecords = []string{
	`{"type":"track","userId":"u","event":"Order Completed","properties":{"revenue":700},"timestamp":"2026-10-10T12:00:00Z"}`,
	`{"type":"identify","userId":"u","traits":{"country":"DE","tags":["vip"]},"timestamp":"2026-11-01T12:00:00Z"}`,
}

func TestExplainShowsTruthValuesAndFlips(t *testing.T) {
	x := explained(t, `sum(events("Order Completed", "365d"), .revenue) > 500
		and (count(events("Order Completed", "30d")) == 0 or profile.last_seen < ago("7d"))
		and traits.country in ["DE", "FR"] and not ("vip" in traits.tags) and segment("other")`, explainNow, explainRecords...)
	want := `
- sum(map(events("Order Completed", "365d"), .revenue)) > 500 and (count(events("Order Completed", "30d")) == 0 or profile.last_seen < ago("1w")) and traits.country in ["DE", "FR"] and not ("vip" in traits.tags) and segment("other")
`
	got := x.String()
	if first := strings.SplitAfterN(got, "\n", 2)[0]; first != strings.TrimPrefix(want, "\n") {
		t.Errorf("got  %swant %s", first, strings.TrimPrefix(want, "\n"))
	}
	for _, line := range []string{
		`+ sum(map(events("Order Completed", "365d"), .revenue)) > 500  (flips by itself at 2027-10-10T12:00:00.000Z)`,
		`= sum(map(events("Order Completed", "365d"), .revenue)) is 700`,
		`- count(events("Order Completed", "30d")) == 0  (flips by itself at 2026-11-09T12:00:00.000Z)`,
		`- profile.last_seen < ago("1w")  (flips by itself at 2026-11-08T12:00:00.001Z)`,
		`- count(events("Order Completed", "30d")) == 0 or profile.last_seen < ago("1w")  (flips by itself at 2026-11-08T12:00:00.001Z)`,
		`+ traits.country in ["DE", "FR"]` + "\n",
		`= traits.country is "DE"`,
		`- not ("vip" in traits.tags)`,
		`= traits.tags is ["vip"]`,
		`+ segment("other")`,
	} {
		if !strings.Contains(got, line) {
			t.Errorf("missing line %s\nin\n%s", line, got)
		}
	}
}

func TestExplainIsJSON(t *testing.T) {
	b, err := json.Marshal(explained(t, `count(events("Order Completed", "30d")) > 0`, explainNow, explainRecords...))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"text":"count(events(\"Order Completed\", \"30d\")) \u003e 0","holds":true,"flips":"2026-11-09T12:00:00Z",` +
		`"parts":[{"text":"count(events(\"Order Completed\", \"30d\"))","value":"at least 1"}]}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
}

func TestExplainNamesUnknownSegments(t *testing.T) {
	set, err := rules.Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := set.Explain(profile.New("u"), "nope", 0); err == nil || !strings.Contains(err.Error(), "no segment nope") {
		t.Fatalf("got %v", err)
	}
}
