package rehearsal

import (
	"fmt"
	"strings"
	"testing"
)

func TestRefusalsAreTold(t *testing.T) {
	s := newSample(t, `not json`, `{"type":"page","userId":"u","timestamp":"soon"}`, `{"type":"page","userId":"u","timestamp":"later"}`,
		`{"batch":[{"type":"page","userId":"u","timestamp":"2026-11-01T10:00:00Z"},{"type":"page","userId":"v","timestamp":"never"},7]}`)
	d := s.describe()
	if d.Records != 1 || d.Events != 1 || d.Profiles != 1 || d.Refused != 5 {
		t.Errorf("the sample is %+v, want one record, event and profile, and 5 refused", d)
	}
	first := d.Refusals[0]
	if len(d.Refusals) != 3 || first.Records != 3 || first.Line != 2 || !strings.HasPrefix(first.Reason, `timestamp: "soon" is not`) {
		t.Errorf("refusals are %+v, want three timestamps from line 2 first, then record and item", d.Refusals)
	}
}

// TestKindsOfRefusalsAreBounded: a place within an array is no kind of its
// own, and beyond the bound all count as one.
func TestKindsOfRefusalsAreBounded(t *testing.T) {
	s := newSample(t)
	s.Refuse(1, "properties.items[3].price: bad")
	s.Refuse(2, "properties.items[4].price: worse")
	if got := s.Refusals(); len(got) != 1 || got[0].Records != 2 {
		t.Errorf("refusals are %+v, want one of two records", got)
	}
	for i := range 100 {
		s.Refuse(i, fmt.Sprintf("field%d: bad", i))
	}
	total := 0
	for _, r := range s.Refusals() {
		total += r.Records
	}
	if n := len(s.Refusals()); n != maxRefusals || total != 102 {
		t.Errorf("there are %d kinds of %d refusals, want %d of 102", n, total, maxRefusals)
	}
}

func TestSampleIsCut(t *testing.T) {
	s := newSample(t)
	line := []byte(`{"type":"page","userId":"u","timestamp":"2026-11-01T10:00:00Z"}`)
	s.bytes = maxSampleBytes - len(line)
	if !s.Add(1, line) || s.Add(2, line) {
		t.Error("a sample takes what fits its bound, and no more")
	}
	if d := s.describe(); !d.Cut || d.Records != 1 {
		t.Errorf("the sample is %+v, want one record and to be told that it was cut", d)
	}
}
