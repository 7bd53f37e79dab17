package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"muster/insights"
	"muster/profile"
	"muster/snapshot"
	people "muster/test/kit/crowd"
)

// halves are customers of whom half are in a, half of the others in b, and a
// quarter in c, so that a and b have nobody in common.
var halves = &people.Crowd{Profiles: 3000, Segments: []string{"a", "b", "c"}, Join: func(i int, members *profile.Members) {
	members.Set(0, i%2 == 0)
	members.Set(1, i%4 == 1)
	members.Set(2, i%8 < 2)
}}

// TestInsightsOfASample say what they are of, and what they leave out.
func TestInsightsOfASample(t *testing.T) {
	columns, err := snapshot.FillColumns(t.Context(), halves, snapshot.Config{Memory: 100 << 10}, snapshot.Wanted{}, func(int64) {})
	if err != nil {
		t.Fatal(err)
	}
	p, err := (&insights.ProfileQuestion{Audience: "b", Against: "c"}).Answer(t.Context(), columns, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := (&insightsProfile{Top: 1}).tell(console{nil, &out, nil}, p); err != nil {
		t.Fatal(err)
	}
	const held = `^3000 profiles, of which a random sample of [0-9]+ is held, 1 in [0-9.]+: more do not fit snapshot.memory\n`
	want := held + `b \(about [0-9]+, [0-9]+ to [0-9]+\) against c \(about [0-9]+, [0-9]+ to [0-9]+\)
[0-9]+ of c are in b too and count there alone
1 of 1 comparisons differ by more than chance

what .*
a +0.0 % +100.0 % .*▒▒▒▒▒▒▒
$`
	if !regexp.MustCompile(want).MatchString(out.String()) {
		t.Errorf("it tells\n%s", &out)
	}
	o, err := insights.OverlapOfSegments(columns, []string{"a", "b", "c"})
	if err != nil {
		t.Fatal(err)
	}
	out.Reset()
	if err := (&insightsOverlap{}).tell(console{nil, &out, nil}, o); err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(held).MatchString(out.String()) || len(o.Combinations) != 5 || strings.Contains(out.String(), "a, b") {
		t.Errorf("it tells %+v\n%s", o.Combinations, &out)
	}
	for _, one := range o.Audiences {
		if one.Low >= one.Estimate || one.High <= one.Estimate || one.Found >= one.Low {
			t.Errorf("%+v is no estimate", one)
		}
	}
}

// TestMoreThanIsTold: what is left out of a table is counted, as in what is told
// of many combinations.
func TestMoreThanIsTold(t *testing.T) {
	var out bytes.Buffer
	findings := []insights.Finding{{Segment: "x", Index: 250, IndexLow: 200, IndexHigh: 300, Differs: true}}
	p := &insights.Profile{Held: 9, Profiles: 9, Differ: 3, Compared: 7, Findings: append(findings, insights.Finding{Segment: "y", Differs: true}, insights.Finding{Segment: "z", Differs: true})}
	if err := (&insightsProfile{Top: 1}).tell(console{nil, &out, nil}, p); err != nil || !strings.HasSuffix(out.String(), "\nand 2 more that differ, which --top and --all tell\n") {
		t.Errorf("%v\n%s", err, &out)
	}
	out.Reset()
	o := &insights.Overlap{Held: 9, Profiles: 9}
	for i := range 25 {
		o.Combinations = append(o.Combinations, insights.Combination{Names: []string{fmt.Sprint("s", i)}})
	}
	if err := (&insightsOverlap{}).tell(console{nil, &out, nil}, o); err != nil || !strings.HasSuffix(out.String(), "s19\nand 5 more, which --json tells\n") {
		t.Errorf("%v\n%s", err, &out)
	}
	out.Reset()
	if err := (&insightsOverlap{}).tell(console{nil, &out, nil}, &insights.Overlap{}); err != nil || !strings.HasSuffix(out.String(), "nobody is in any of them\n") {
		t.Errorf("%v\n%s", err, &out)
	}
}
