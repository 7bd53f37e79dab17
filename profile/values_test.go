package profile

import (
	"fmt"
	"slices"
	"testing"
)

// TestValues: the traits are those of TraitsOf, and the series those that have an
// event.
func TestValues(t *testing.T) {
	schema, p := typical()
	codec := codecOf(schema)
	blob := string(codec.Append(nil, p, p.LastSeen))
	var names []string
	got, whole, err := Values(blob, func(series uint64) { names = append(names, codec.Names()[series]) })
	want, _ := TraitsOf(blob)
	if err != nil || !whole || got.Len() == 0 || !got.Object().Equal(want.Object()) {
		t.Errorf("the traits are %v, %t, %v", got.Object(), whole, err)
	}
	for i := range 20 {
		for _, keep := range []Keep{KeepSlidingTimes, KeepSlidingNumbers} {
			name := NameOfSeries(fmt.Sprint(keep, i))
			if had := i%2 == 0; slices.Contains(names, name) != had {
				t.Errorf("series %d of %v is there: %t", i, keep, !had)
			}
		}
	}
	for _, cut := range []int{0, 8, len(blob) - 1} {
		if _, _, err := Values(blob[:cut], func(uint64) {}); err == nil {
			t.Errorf("%d bytes of %d have values", cut, len(blob))
		}
	}
}
