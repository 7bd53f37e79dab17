package main

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"muster/rules"
	"muster/test/kit/workload"
)

// TestDialectsAgree holds the generator's own evaluation, expr, CEL and
// Muster against each other on the same rules and profiles.
func TestDialectsAgree(t *testing.T) {
	attributes := workload.Attributes()
	generator := workload.NewRuleGenerator(attributes, 5)
	var list []*workload.Predicate
	for range 500 {
		list = append(list, generator.Rule())
	}
	byExpr, err := newExprLoop(attributes, list)
	if err != nil {
		t.Fatal(err)
	}
	byCEL, err := newCELLoop(attributes, list)
	if err != nil {
		t.Fatal(err)
	}
	set, err := rules.Compile(segmentsOf(list))
	if err != nil {
		t.Fatal(err)
	}
	p := newPopulation(attributes, 6, 50)
	matcher := rules.NewMatcher(set)
	for _, one := range p.profiles {
		values := p.values(one)
		byExpr.load(values)
		byCEL.load(values)
		matcher.Full(one, p.now)
		for i, rule := range list {
			position, _ := set.Position(set.IDs()[i])
			want := rule.Holds(values)
			if got := byExpr.holds(i); got != want {
				t.Errorf("expr says %t of %s", got, rule.Text(workload.Expr))
			}
			if got := byCEL.holds(i); got != want {
				t.Errorf("CEL says %t of %s", got, rule.Text(workload.CEL))
			}
			if got := one.Members.Has(position); got != want {
				t.Errorf("Muster says %t of %s", got, rule.Text(workload.Muster))
			}
		}
	}
}

func TestVerifyFindsWrongMemberships(t *testing.T) {
	attributes := workload.Attributes()
	generator := workload.NewRuleGenerator(attributes, 5)
	list := []*workload.Predicate{generator.Rule(), generator.Rule()}
	loop, err := newExprLoop(attributes, []*workload.Predicate{list[1], list[0]})
	if err != nil {
		t.Fatal(err)
	}
	set, err := rules.Compile(segmentsOf(list))
	if err != nil {
		t.Fatal(err)
	}
	if err := newEngine(newPopulation(attributes, 6, 500), set).verify(loop); err == nil {
		t.Error("exchanged rules went unnoticed")
	}
}

func TestPartsWriteOneLinePerNumberOfSegments(t *testing.T) {
	var out bytes.Buffer
	b := bench{segments: []int{20, 100}, events: 5000, part: "match-shop", out: &out, report: io.Discard}
	if err := b.run(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines of output, want 2:\n%s", len(lines), &out)
	}
	for _, line := range lines {
		var r result
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("reading %s: %v", line, err)
		}
		if r.Bench != "match-shop" || r.IncrementalUs <= 0 || r.FullUs <= 0 || r.FlipsPerEvent <= 0 {
			t.Errorf("figures are missing: %s", line)
		}
	}
}

func TestMissedGoalsAreReported(t *testing.T) {
	var report bytes.Buffer
	good := result{Segments: 10_000, IncrementalVersus: 1200, FullVersusExpr: 120}
	if n := good.missed(&report); n != 0 {
		t.Errorf("%d goals missed, want none:\n%s", n, &report)
	}
	report.Reset()
	bad := result{Segments: 10_000, IncrementalVersus: 900, FullVersusExpr: 120, AllocationsPerEvent: 1}
	if n := bad.missed(&report); n != 2 || strings.Count(report.String(), "MISSED") != 2 {
		t.Errorf("%d goals missed, want 2:\n%s", n, &report)
	}
}

func TestFlags(t *testing.T) {
	var b bench
	if err := b.flags([]string{"-segments", "10,200", "-events", "7", "-part", "match", "-strict"}); err != nil {
		t.Fatal(err)
	}
	if len(b.segments) != 2 || b.segments[1] != 200 || b.events != 7 || b.part != "match" || !b.strict {
		t.Errorf("flags were read as %+v", b)
	}
	for _, wrong := range [][]string{{"-segments", "many"}, {"-segments", "0"}, {"-events", "x"}} {
		if err := new(bench).flags(wrong); err == nil {
			t.Errorf("%v was accepted", wrong)
		}
	}
	if err := (&bench{part: "none"}).run(); err == nil {
		t.Error("an unknown part was accepted")
	}
}
