package rules_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/event"
	"muster/rules"
	"muster/test/kit/generate"
	"muster/test/soak"
)

// FuzzRule demands of any text that it compiles into something that never
// fails when it runs, or gives mistakes whose places lie inside the text.
func FuzzRule(f *testing.F) {
	for _, text := range scriptRules(f) {
		f.Add(text)
	}
	for _, seed := range []string{
		strings.Repeat("(", 8000) + "traits.x" + strings.Repeat(")", 8000), strings.Repeat("not ", 4000) + "traits.x",
		`any(traits.a, {let b = #; b == 1})`, " count(events(\"A\")) >= \r\n", "traits.größe == \"\u0000\"", "/* */ // x\ntrue",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		late := time.AfterFunc(time.Minute, func() { panic(fmt.Sprintf("no answer to %q", text)) })
		defer late.Stop()
		set, err := rules.Compile([]rules.Segment{rules.NewSegment("s", text)})
		if err == nil {
			live(t, set)
			return
		}
		var all rules.Errors
		if !errors.As(err, &all) || len(all) == 0 {
			t.Fatalf("%T is not rules.Errors", err)
		}
		lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
		for _, e := range all {
			if e.Line < 1 || e.Line > len(lines) || e.Column < 1 || e.Column > len([]rune(lines[e.Line-1]))+1 {
				t.Errorf("%d:%d lies outside the text", e.Line, e.Column)
			}
			if e.Message == "" || e.Segment != "s" || strings.TrimSpace(e.Error()) == "" {
				t.Errorf("a mistake without words: %+v", e)
			}
		}
	})
}

// scriptRules lists the rules of all scripts.
func scriptRules(f *testing.F) []string {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		f.Fatal("no seeds")
	}
	var texts []string
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, st := range readSteps(string(data)) {
			if _, text, ok := strings.Cut(st.argument, ":"); ok && st.verb == "rule" {
				texts = append(texts, text+"\n"+strings.Join(st.below, "\n"))
			}
		}
	}
	return texts
}

// FuzzAgainstOracle changes rules and feeds random events: whatever the
// engine compiles means the same to the oracle, if it is a rule to it at all,
// followed event by event and from scratch, in memory and as stored. The
// rule stands between two others, one that it shares its predicates with and
// one that mentions it.
func FuzzAgainstOracle(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 100 {
		f.Add(generate.Rule(r, i%3, nil), uint64(i))
	}
	for _, text := range scriptRules(f) {
		f.Add(text, uint64(1))
	}
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		if len(text) > 400 {
			return
		}
		c := soak.Case{Stored: seed%2 == 0, Sampled: seed%3 == 0, Rules: []soak.Rule{
			{ID: "s", Text: text}, {ID: "a", Text: `not segment("s") and traits.active`}, {ID: "z", Text: "traits.age > 18 or not (\n" + text + "\n)"},
		}}
		if _, err := rules.Compile([]rules.Segment{rules.NewSegment("z", c.Rules[2].Text)}); err != nil {
			c.Rules = c.Rules[:2] // a let, or too deep
		}
		r, clock := rand.New(rand.NewPCG(seed, 1)), generate.Start
		for range 25 {
			ev := generate.Event(r, []string{"a", "b"}, clock)
			clock = max(clock, ev.Arrival)
			c.Steps = append(c.Steps, soak.Step{Event: &ev})
		}
		_, err := soak.Compare(&c, soak.NewShard)
		if errors.As(err, new(*soak.Mismatch)) {
			t.Fatal(soak.Diagnose(c, soak.NewShard))
		}
	})
}

// live runs a set over a few events and a year.
func live(t *testing.T, set *rules.Set) {
	t.Helper()
	driver := volatile(set)
	body := event.ObjectOf([]event.Value{
		event.StringOf("a"), event.ArrayOf([]event.Value{event.NumberOf(1), event.StringOf("x"), {}}), event.StringOf("plan"), event.StringOf("2026-11-05"),
		event.StringOf("price"), event.NumberOf(-1.5), event.StringOf("address"), event.ObjectOf([]event.Value{event.StringOf("city"), event.BoolOf(true)}),
	})
	const at = int64(1793872800000)
	for i, kind := range []event.Type{event.Identify, event.Track, event.Page, event.Group} {
		ev := event.Event{Type: kind, Profile: "p", Name: "A", GroupID: "g", Time: at + int64(i), Arrival: at + int64(i), Body: body}
		feed(t, driver, &ev)
	}
	advance(t, driver, at+365*24*60*60*1000)
}
