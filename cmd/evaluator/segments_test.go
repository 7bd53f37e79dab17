package main

import (
	"strings"
	"testing"
)

func TestSegmentsAreFoundBesideTheConfiguration(t *testing.T) {
	c, err := readConfig("../../configs/evaluator.yaml")
	if err != nil {
		t.Fatal(err)
	}
	set, err := loadSegments(c.Segments.Path)
	if err != nil || set.Len() != 15 {
		t.Errorf("%v: %v", c.Segments, err)
	}
}

func TestExampleSegmentsPassTheirTests(t *testing.T) {
	var out, errs strings.Builder
	if code := execute([]string{"check", "../../configs/segments"}, console{nil, &out, &errs}); code != exitOK {
		t.Errorf("exit code %d: %s", code, &errs)
	}
	if !strings.HasPrefix(out.String(), "15 segments, 24 tests, 0 failed\n") {
		t.Errorf("it printed %s", &out)
	}
}
