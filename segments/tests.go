package segments

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/pipeline/replica"
	"muster/rules"
)

// Failure is a test beside a segment that does not come out as it says.
type Failure struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Segment string `json:"segment"`
	Test    string `json:"test"`
	Message string `json:"message"`
	// Why is the rule as it stands for the profile, where there is one.
	Why *rules.Explanation `json:"why,omitempty"`
}

// RunTests runs the tests of the segments that are chosen, in the order of
// files and lines. It returns how many there are, and those that fail.
func RunTests(set *rules.Set, chosen func(*rules.Segment) bool) (tests int, failures []Failure, err error) {
	type testCase struct {
		segment *rules.Segment
		test    *rules.Test
	}
	var cases []testCase
	for i := range set.Len() {
		s := set.Segment(i)
		if !chosen(s) {
			continue
		}
		for j := range s.Tests {
			cases = append(cases, testCase{s, &s.Tests[j]})
		}
	}
	slices.SortFunc(cases, func(a, b testCase) int {
		return cmp.Or(strings.Compare(a.test.File, b.test.File), a.test.Line-b.test.Line)
	})
	for _, one := range cases {
		failure, err := runTest(set, one.segment, one.test)
		if err != nil {
			return 0, nil, fmt.Errorf("testing segment %s: %w", one.segment.ID, err)
		}
		if failure == nil {
			continue
		}
		failure.File, failure.Line, failure.Segment, failure.Test = one.test.File, one.test.Line, one.segment.ID, testName(one.test)
		failures = append(failures, *failure)
	}
	return len(cases), failures, nil
}

func testName(t *rules.Test) string {
	if t.Name == "" {
		return "test without a name"
	}
	return "test " + t.Name
}

// failureOf is a failure of which only the text is known.
func failureOf(format string, arguments ...any) *Failure {
	return &Failure{Message: fmt.Sprintf(format, arguments...)}
}

// runTest returns what is wrong, nil when the test passes.
func runTest(set *rules.Set, s *rules.Segment, t *rules.Test) (*Failure, error) {
	r, err := replica.New(set)
	if err != nil {
		return nil, err
	}
	profiles := []string{}
	for i, record := range t.Events {
		rejected, err := r.Feed(record)
		if err != nil {
			return nil, err
		}
		if len(rejected) > 0 {
			return failureOf("event %d can't be used: %s: %s", i+1, rejected[0].Reason, bytes.TrimSpace(rejected[0].Value)), nil
		}
		for j := range r.Events {
			if id := r.Events[j].Profile; !slices.Contains(profiles, id) {
				profiles = append(profiles, strings.Clone(id))
			}
		}
	}
	if t.At != 0 {
		if t.At < r.Driver.Clock() {
			return failureOf("at is %s, but the events arrive up to %s", instant(t.At), instant(r.Driver.Clock())), nil
		}
		if err := r.Advance(t.At); err != nil {
			return nil, err
		}
	}
	return verdict(r, s, t, profiles)
}

// verdict compares what a test expects with what is, and shows why.
func verdict(r *replica.Replica, s *rules.Segment, t *rules.Test, profiles []string) (*Failure, error) {
	id := t.Profile
	switch {
	case id == "" && len(profiles) != 1:
		return failureOf("the events are of the profiles %s; say which is meant with profile:", strings.Join(profiles, ", ")), nil
	case id == "":
		id = profiles[0]
	case !slices.Contains(profiles, id):
		return failureOf("profile %s has no events in this test", id), nil
	}
	in := slices.Contains(r.Members(s.ID), id)
	if in == t.In {
		return nil, nil
	}
	side := map[bool]string{true: "in", false: "out"}
	failure := failureOf("expected profile %s %s, but it is %s at %s", id, side[t.In], side[in], instant(r.Driver.Clock()))
	var err error
	failure.Why, err = r.Set.Explain(r.Driver.Profile(id), s.ID, r.Driver.Clock())
	return failure, err
}

// instant is RFC 3339 in UTC with milliseconds.
func instant(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }
