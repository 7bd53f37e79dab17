package sink

import (
	"fmt"
	"testing"
)

// TestSizesAreForgotten passes the bound, and loses what an attempt has done.
func TestSizesAreForgotten(t *testing.T) {
	k := &knownSizes{of: map[string]int64{}}
	counts := func(segment string) bool {
		k.begin()
		_, known := k.move(&segment, 1)
		k.landed(nil, []int64{5})
		return !known
	}
	if !counts("vip") || counts("vip") || k.of["vip"] != 6 {
		t.Errorf("the size is %d, want 6 after one answer", k.of["vip"])
	}
	k.forget()
	if !counts("vip") {
		t.Error("it was forgotten and is known")
	}
	for i := range mostSizes + 1 {
		counts(fmt.Sprint(i))
	}
	if len(k.of) > mostSizes {
		t.Errorf("%d sizes are remembered beyond the bound", len(k.of))
	}
}
