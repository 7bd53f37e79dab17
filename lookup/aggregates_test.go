package lookup

import (
	"encoding/json"
	"fmt"
	"testing"

	"muster/event"
	"muster/profile"
	"muster/rules"
	"muster/test/kit/ruleset"
)

// asking is a view of a profile with the aggregates of a set, behind events
// with the properties.
func asking(t *testing.T, set *rules.Set, foreign bool, names []string, most int, properties ...string) *Profile {
	t.Helper()
	decoder, err := event.NewDecoder(event.Default())
	if err != nil {
		t.Fatal(err)
	}
	p, cfg := profile.New("u"), profile.Default()
	const clock = 1_793_880_000_000
	for _, one := range properties {
		record := fmt.Sprintf(`{"type":"track","userId":"u","event":"Bought","properties":%s}`, one)
		events, rejected := decoder.Decode(nil, nil, []byte(record), clock, 0)
		if len(rejected) > 0 {
			t.Fatal(rejected[0].Reason)
		}
		p.Apply(set.Schema(), &cfg, &events[0], clock, &profile.Changed{})
	}
	view := &Profile{At: clock, Foreign: foreign}
	view.addAggregates(set, p, names, most)
	return view
}

// Whatever events tell, the answer is JSON, with the kind of each value.
func TestValuesOfAggregatesAreJSON(t *testing.T) {
	for rule, want := range map[string]string{
		`sum(map(events("Bought"), .n)) > 1`:                      `"number","value":2e+24`,
		`mean(map(events("Bought"), .none)) > 1`:                  `"missing","value":null`,
		`last(map(events("Bought"), .event_time)) > ago("1d")`:    `"time","value":"2026-11-05T12:00:00.000Z"`,
		`last(map(events("Bought"), .text)) == "a"`:               `"string","value":"a"`,
		`first(map(events("Bought"), .yes)) == true`:              `"bool","value":true`,
		`any(last(map(events("Bought"), .list)), # == 3)`:         `"array","value":[1,"b"]`,
		`count(events("Bought", "3d")) > 0`:                       `"number","value":1,"at_least":true`,
		`len(uniq(map(events("Bought"), .n))) > 4 and "a" == "a"`: `"number","value":1`,
	} {
		event := `{"n":1.7e308,"text":"a","yes":true,"list":[1,"b"]}`
		view := asking(t, ruleset.One(t, rule), false, nil, 10, event, event)
		got, err := json.Marshal(view.Aggregates)
		if err != nil || len(view.Aggregates) != 1 {
			t.Errorf("%s: %s, %v", rule, got, err)
			continue
		}
		text, _ := json.Marshal(view.Aggregates[0].Aggregate)
		if whole := fmt.Sprintf(`[{"aggregate":%s,"kind":%s}]`, text, want); string(got) != whole {
			t.Errorf("%s\ngot  %s\nwant %s", rule, got, whole)
		}
	}
}

func TestAggregatesAreBounded(t *testing.T) {
	set := ruleset.One(t, `count(events("C")) + count(events("A")) + count(events("B")) > 3`)
	for most, told := range map[int]int{0: 0, 1: 1, 3: 3, 100: 3} {
		view := asking(t, set, false, nil, most)
		if len(view.Aggregates) != told || view.LeftOut != 3-told {
			t.Errorf("at most %d: %+v and %d left out", most, view.Aggregates, view.LeftOut)
		}
		if told == 1 && view.Aggregates[0].Aggregate != `count(events("A"))` {
			t.Errorf("the first is %+v", view.Aggregates[0])
		}
	}
}

// Of rules that are not the shard's only what the shard keeps is told.
func TestWhatAShardDoesNotKeepIsMissing(t *testing.T) {
	set := ruleset.One(t, `count(events("Bought")) > 3 or count(events("Seen")) > 3`)
	kept := []string{profile.NameOfSegment("x"), profile.NameOfSeries(set.Aggregates()[1].Series)}
	view := asking(t, set, true, kept, 10, "{}")
	if one, other := view.Aggregates[0], view.Aggregates[1]; one.Kind != "missing" || one.Value != nil || other.Value != 0.0 {
		t.Errorf("got %+v", view.Aggregates)
	}
}
