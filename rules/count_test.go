package rules

import "testing"

func TestNumberOfSegmentsIsBounded(t *testing.T) {
	if err := checkCount(MaxSegments); err != nil {
		t.Error(err)
	}
	if err := checkCount(MaxSegments + 1); err == nil {
		t.Error("positions would not fit their bits")
	}
}
