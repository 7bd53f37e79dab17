package rules_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"muster/event"
	"muster/pipeline"
	"muster/rules"
	"muster/test/kit/ruleset"
)

const hour = 3_600_000

// identified is an identify call of p that writes one trait.
func identified(at int64, trait string, v event.Value) *event.Event {
	return &event.Event{Type: event.Identify, Profile: "p", Time: at, Arrival: at, Body: event.ObjectOf([]event.Value{event.StringOf(trait), v})}
}

// described writes changes as +id or -id, with the hour.
func described(changes []pipeline.Change) string {
	var lines []string
	for _, c := range changes {
		sign := "-"
		if c.Entered {
			sign = "+"
		}
		lines = append(lines, sign+c.Segment+" "+fmt.Sprint(float64(c.At)/hour))
	}
	return strings.Join(lines, ", ")
}

// single is the Port of a driver with one profile.
type single struct {
	driver *pipeline.Driver
	blob   string
	last   pipeline.Commit
}

func (s *single) drive(set *rules.Set) *pipeline.Driver {
	config := pipeline.Default()
	config.CacheBytes = 0
	s.driver = pipeline.NewDriver(set, config, pipeline.State{Next: -1}, s)
	return s.driver
}

// commit commits and returns what it was.
func (s *single) commit(t *testing.T) pipeline.Commit {
	t.Helper()
	if err := s.driver.Commit(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	return s.last
}

// Load implements pipeline.Port.
func (s *single) Load(context.Context, []string) ([]string, error) { return []string{s.blob}, nil }

// Commit implements pipeline.Port.
func (s *single) Commit(_ context.Context, c *pipeline.Commit) error {
	s.last = *c
	s.last.Changes, s.last.Reach = slices.Clone(c.Changes), slices.Clone(c.Reach)
	for _, w := range c.Profiles {
		s.blob = w.Whole()
	}
	return nil
}

// TestConditionsHaveNoName flips conditions of held and looks for them in
// everything that a shard tells.
func TestConditionsHaveNoName(t *testing.T) {
	set := ruleset.Compile(t, map[string]string{"b": `held(traits.x == 1, "1h")`, "a": `not held(held(traits.x == 1, "1h"), "2h")`, "c": `segment("b") and held(segment("a"), "1h")`})
	if set.Len() != 3 || !slices.Equal(slices.Sorted(slices.Values(set.IDs())), []string{"a", "b", "c"}) {
		t.Fatalf("the set has %v", set.IDs())
	}
	port := &single{}
	driver := port.drive(set)
	feed(t, driver, identified(10*hour, "x", event.NumberOf(1)))
	advance(t, driver, 12*hour)
	feed(t, driver, identified(40*hour, "y", event.NumberOf(1))) // another day: reach counts again
	feed(t, driver, identified(41*hour, "x", event.NumberOf(2)))
	c := port.commit(t)
	if got, want := described(c.Changes), "+a 10, +b 11, +c 11, -a 13, -c 13, +a 41, -b 41"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, r := range c.Reach {
		if len(r.Segment) != 1 {
			t.Errorf("reach of %q", r.Segment)
		}
	}
	for name := range slices.Values(c.NewNames) {
		if strings.Contains(name, "held") {
			t.Errorf("a shard's names hold %q", name)
		}
	}
}

// TestHeldOutlivesAChangeOfRules stores a profile under one set and goes on
// under others: a condition that both have goes on, a new one begins at the
// first step, one that is gone is forgotten without a word.
func TestHeldOutlivesAChangeOfRules(t *testing.T) {
	port := &single{}
	driver := port.drive(ruleset.Compile(t, map[string]string{"s": `held(traits.x == 1, "1d")`, "gone": `held(traits.x > 0, "1d")`}))
	commit := func() string { return described(port.commit(t).Changes) }
	swap := func(texts map[string]string) {
		if err := driver.Swap(ruleset.Compile(t, texts)); err != nil {
			t.Fatal(err)
		}
	}
	feed(t, driver, identified(10*hour, "x", event.NumberOf(1)))
	if got := commit(); got != "" {
		t.Errorf("first %s", got)
	}
	swap(map[string]string{"other": `held(traits.x == 1, "30h")`, "new": `held(traits.x != 2, "10h")`})
	feed(t, driver, identified(20*hour, "y", event.NumberOf(1)))
	advance(t, driver, 100*hour)
	if got, want := commit(), "+new 30, +other 40"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	swap(map[string]string{"s": `held(traits.x == 1, "1d")`})
	feed(t, driver, identified(101*hour, "y", event.NumberOf(2)))
	if got, want := commit(), "-new 101, -other 101, +s 101"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	feed(t, driver, identified(102*hour, "x", event.NumberOf(2)))
	if got, want := commit(), "-s 102"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestEqualConditionsAreOne compiles many rules over the same condition.
func TestEqualConditionsAreOne(t *testing.T) {
	set := ruleset.Compile(t, map[string]string{
		"a": `held(traits.x == 1, "1h")`, "b": `held((traits.x) == 1.0, "2h") or held(traits.x == 1, "3h")`, "c": `let one = traits.x == 1; not held(one, "1h")`,
	})
	if n := len(set.Schema().Conditions); n != 1 {
		t.Errorf("%d conditions", n)
	}
}

var timedRecords = []string{
	`{"type":"track","userId":"u","event":"Cart","timestamp":"2026-11-05T11:30:00Z"}`,
	`{"type":"track","userId":"u","event":"Order","timestamp":"2026-11-05T11:10:00Z"}`,
	`{"type":"identify","userId":"u","traits":{"x":1},"timestamp":"2026-11-01T12:00:00Z"}`,
}

func TestExplainOfTime(t *testing.T) {
	for _, c := range []struct{ rule, text, json string }{{
		`held(traits.x == 1, "1d")`,
		`- held(traits.x == 1, "1d")  (true since 2026-11-05T12:00:00.000Z)  (flips by itself at 2026-11-06T12:00:00.000Z)
  + traits.x == 1
    = traits.x is 1
`,
		`{"text":"held(traits.x == 1, \"1d\")","holds":false,"since":"2026-11-05T12:00:00Z","flips":"2026-11-06T12:00:00Z",` +
			`"parts":[{"text":"traits.x == 1","holds":true,"parts":[{"text":"traits.x","value":"1"}]}]}`,
	}, {
		`not held(count(events("Cart", "1h")) == 0, "2h")`,
		`+ not held(count(events("Cart", "1h")) == 0, "2h")  (flips by itself at 2026-11-05T14:30:00.000Z)
  - held(count(events("Cart", "1h")) == 0, "2h")  (flips by itself at 2026-11-05T14:30:00.000Z)
    - count(events("Cart", "1h")) == 0  (flips by itself at 2026-11-05T12:30:00.000Z)
      = count(events("Cart", "1h")) is at least 1
`, "",
	}, {
		`held(held(count(events("Cart", "1h")) > 0, "10m"), "15m")`,
		`- held(held(count(events("Cart", "1h")) > 0, "10m"), "15m")  (flips by itself at 2026-11-05T12:25:00.000Z)
  - held(count(events("Cart", "1h")) > 0, "10m")  (true since 2026-11-05T12:00:00.000Z)  (flips by itself at 2026-11-05T12:10:00.000Z)
    + count(events("Cart", "1h")) > 0  (flips by itself at 2026-11-05T12:30:00.000Z)
      = count(events("Cart", "1h")) is at least 1
`, "",
	}, {
		`abandoned(events("Cart"), filter(events("Order*"), .price != nil), "1h")`,
		`- abandoned(events("Cart"), filter(events("Order*"), .price != nil), "1h")  (flips by itself at 2026-11-05T12:30:00.000Z)
  = the time of abandoned(events("Cart"), filter(events("Order*"), .price != nil)) is date("2026-11-05T11:30:00Z")
`,
		`{"text":"abandoned(events(\"Cart\"), filter(events(\"Order*\"), .price != nil), \"1h\")","holds":false,"flips":"2026-11-05T12:30:00Z",` +
			`"parts":[{"text":"the time of abandoned(events(\"Cart\"), filter(events(\"Order*\"), .price != nil))","value":"date(\"2026-11-05T11:30:00Z\")"}]}`,
	}, {
		`sequence("1h", events("Order", "1d"), events("Cart", "1d")) and not sequence("1h", events("Cart"), events("Order", since("2026-11-01")))`,
		`+ sequence("1h", events("Order", "1d"), events("Cart", "1d")) and not sequence("1h", events("Cart"), events("Order", since("2026-11-01T00:00:00Z")))  (flips by itself at 2026-11-06T11:10:00.000Z)
  + sequence("1h", events("Order", "1d"), events("Cart", "1d"))  (flips by itself at 2026-11-06T11:10:00.000Z)
    = the begin of sequence("1h", events("Order", "1d"), events("Cart", "1d")) is date("2026-11-05T11:10:00Z")
  + not sequence("1h", events("Cart"), events("Order", since("2026-11-01T00:00:00Z")))
    - sequence("1h", events("Cart"), events("Order", since("2026-11-01T00:00:00Z")))
      = the begin of sequence("1h", events("Cart"), events("Order", since("2026-11-01T00:00:00Z"))) is missing
`, "",
	}} {
		x := explained(t, c.rule, explainNow, timedRecords...)
		if got := x.String(); got != c.text {
			t.Errorf("got\n%swant\n%s", got, c.text)
		}
		b, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		if c.json != "" && string(b) != c.json {
			t.Errorf("got  %s\nwant %s", b, c.json)
		}
	}
}

func TestCostsOfTime(t *testing.T) {
	set := ruleset.Compile(t, map[string]string{
		"a": `held(traits.x == 1 and count(events("A", "1d")) > 2, "1d")`, "b": `held(traits.x == 1 and count(events("A", "1d")) > 2, "2d")`,
		"c": `abandoned(events("A"), events("B"), "1h")`, "d": `sequence("1h", events("A", "1d"), events("B", "1d")) or sequence("1h", events("A", "7d"), events("B", "7d"))`,
	})
	want := []string{
		"a: indexed, 1 aggregates, at a guess ~30 % of profiles and ~120 bytes a profile",
		"b: indexed, 0 aggregates, at a guess ~30 % of profiles and ~0 bytes a profile",
		"c: indexed, 1 aggregates, at a guess ~40 % of profiles and ~30 bytes a profile",
		"d: indexed, 1 aggregates, at a guess ~60 % of profiles and ~130 bytes a profile",
	}
	for i, c := range set.Costs() {
		if c.String() != want[i] {
			t.Errorf("got  %s\nwant %s", c, want[i])
		}
	}
}
