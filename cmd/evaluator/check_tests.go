package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"muster/rules"
)

// runTests runs the tests of every segment, in the order of files and lines.
func (f *finding) runTests(set *rules.Set) error {
	f.Segments = set.Len()
	type testCase struct {
		segment *rules.Segment
		test    *rules.Test
	}
	var cases []testCase
	for i := range set.Len() {
		s := set.Segment(i)
		for j := range s.Tests {
			cases = append(cases, testCase{s, &s.Tests[j]})
		}
	}
	slices.SortFunc(cases, func(a, b testCase) int {
		return cmp.Or(strings.Compare(a.test.File, b.test.File), a.test.Line-b.test.Line)
	})
	f.Tests = len(cases)
	for _, one := range cases {
		mistake, err := runTest(set, one.segment, one.test)
		if err != nil {
			return fmt.Errorf("testing segment %s: %w", one.segment.ID, err)
		}
		if mistake == nil {
			continue
		}
		mistake.File, mistake.Line, mistake.Segment, mistake.Test = one.test.File, one.test.Line, one.segment.ID, testName(one.test)
		f.Failed++
		f.Failures = append(f.Failures, *mistake)
	}
	return nil
}

func testName(t *rules.Test) string {
	if t.Name == "" {
		return "test without a name"
	}
	return "test " + t.Name
}

// mistakeOf is a mistake of which only the text is known.
func mistakeOf(format string, arguments ...any) *testMistake {
	return &testMistake{Message: fmt.Sprintf(format, arguments...)}
}

// runTest returns what is wrong, nil when the test passes.
func runTest(set *rules.Set, s *rules.Segment, t *rules.Test) (*testMistake, error) {
	r, err := newReplica(set)
	if err != nil {
		return nil, err
	}
	profiles := []string{}
	for i, record := range t.Events {
		rejected, err := r.feed(record)
		if err != nil {
			return nil, err
		}
		if len(rejected) > 0 {
			return mistakeOf("event %d can't be used: %s: %s", i+1, rejected[0].Reason, bytes.TrimSpace(rejected[0].Value)), nil
		}
		for j := range r.events {
			if id := r.events[j].Profile; !slices.Contains(profiles, id) {
				profiles = append(profiles, strings.Clone(id))
			}
		}
	}
	if t.At != 0 {
		if t.At < r.driver.Clock() {
			return mistakeOf("at is %s, but the events arrive up to %s", instant(t.At), instant(r.driver.Clock())), nil
		}
		if err := r.advance(t.At); err != nil {
			return nil, err
		}
	}
	return r.verdict(s, t, profiles)
}

// verdict compares what a test expects with what is, and shows why.
func (r *replica) verdict(s *rules.Segment, t *rules.Test, profiles []string) (*testMistake, error) {
	id := t.Profile
	switch {
	case id == "" && len(profiles) != 1:
		return mistakeOf("the events are of the profiles %s; say which is meant with profile:", strings.Join(profiles, ", ")), nil
	case id == "":
		id = profiles[0]
	case !slices.Contains(profiles, id):
		return mistakeOf("profile %s has no events in this test", id), nil
	}
	in := slices.Contains(r.members(s.ID), id)
	if in == t.In {
		return nil, nil
	}
	side := map[bool]string{true: "in", false: "out"}
	mistake := mistakeOf("expected profile %s %s, but it is %s at %s", id, side[t.In], side[in], instant(r.driver.Clock()))
	var err error
	mistake.Why, err = r.set.Explain(r.driver.Profile(id), s.ID, r.driver.Clock())
	return mistake, err
}
