package profile

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// The head of a blob tells what decoding all of it does.
func TestStandingIsWhatTheProfileSays(t *testing.T) {
	schema, p := typical()
	all := codecOf(schema)
	p.Members, p.Version, p.Generation = make(Members, 1), 7, 3
	p.Members.Set(0, true)
	p.Members.Set(2, true)
	blob := string(all.Append(nil, p, p.LastSeen))
	reading, _ := NewCodec(&Schema{}, nil, all.Names())
	s, err := reading.Standing("p", blob)
	if err != nil || s.Version != 7 || s.Generation != 3 || !slices.Equal(s.Segments, []string{"a", "c"}) {
		t.Errorf("got %+v, %v", s, err)
	}
	backwards, _ := NewCodec(&Schema{}, nil, slices.Concat(all.Names()[:len(all.Names())-3], []string{"s:c", "s:b", "s:a"}))
	if s, err := backwards.Standing("p", blob); err != nil || !slices.Equal(s.Segments, []string{"a", "c"}) {
		t.Errorf("numbered backwards: %+v, %v", s, err)
	}
	fewer, _ := NewCodec(&Schema{}, nil, nil)
	if _, err := fewer.Standing("p", blob); err == nil || !strings.Contains(err.Error(), "is not among") {
		t.Errorf("without the names: %v", err)
	}
	for _, broken := range []string{"", blob[:5], "\xff" + blob[1:]} {
		if _, err := reading.Standing("p", broken); err == nil {
			t.Errorf("%.8q is read", broken)
		}
	}
}

// BenchmarkStandingInOrder holds a reading of the head, with the ids in order, to
// half of what sorting the ids alone takes: of_sorting is the ratio of the two, in
// turns.
func BenchmarkStandingInOrder(b *testing.B) {
	var names []string
	for i := range 1000 {
		names = append(names, NameOfSegment(fmt.Sprintf("segment-%04d", i*7919%1000)))
	}
	codec, _ := NewCodec(&Schema{}, nil, names)
	p := New("p")
	var ids []string
	for number := uint64(0); number < 1000; number += 4 {
		p.Retired = append(p.Retired, number)
		ids = append(ids, codec.Segment(number))
	}
	blob := string(codec.Append(nil, p, 0))
	var reading, sorting time.Duration
	for b.Loop() {
		sorted := slices.Clone(ids)
		began := time.Now()
		slices.Sort(sorted)
		sorting += time.Since(began)
		began = time.Now()
		s, err := codec.Standing("p", blob)
		reading += time.Since(began)
		if err != nil || !slices.Equal(s.Segments, sorted) {
			b.Fatalf("%v: %v in place of %v", err, s.Segments, sorted)
		}
	}
	ratio := reading.Seconds() / sorting.Seconds()
	b.ReportMetric(ratio, "of_sorting")
	if b.N > 100 && ratio > 0.5 {
		b.Errorf("reading takes %.2f of what sorting alone takes, at most 0.5 is the aim", ratio)
	}
}
