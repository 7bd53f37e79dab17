package hyperloglog

import (
	"bytes"
	"errors"
	"testing"
)

// What was appended in the compact form and merged is what Merge gives, however
// many registers either has, and what stands behind is returned.
func TestTheCompactFormMergesAsSketchesDo(t *testing.T) {
	sizes := []int{0, 1, 100, 1000, 9000, 14_000, 200_000}
	for _, n := range sizes {
		for _, m := range sizes {
			a, b, want := sketch(0, n), sketch(n/2, n/2+m), sketch(0, n)
			want.Merge(b)
			rest, err := a.MergeCompact(append(b.AppendCompact(nil), "rest"...))
			if err != nil || string(rest) != "rest" || !bytes.Equal(a.Append(nil), want.Append(nil)) {
				t.Errorf("%d and %d: %v, behind it %q; estimates %d and %d", n, m, err, rest, a.Estimate(), want.Estimate())
			}
		}
	}
}

// A form that is cut, or that no sketch has, is refused.
func TestABrokenCompactFormIsRefused(t *testing.T) {
	for _, n := range []int{1, 500, 9000, 100_000} {
		whole := sketch(0, n).AppendCompact(nil)
		for _, cut := range []int{0, 1, len(whole) / 2, len(whole) - 1} {
			if _, err := new(Sketch).MergeCompact(whole[:cut]); !errors.Is(err, ErrForm) {
				t.Errorf("%d customers, %d of %d bytes: %v", n, cut, len(whole), err)
			}
		}
	}
	for _, form := range []string{"\xff\xff\xff\x7f", "\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x01\xf8\xff\x08", "\x02\xf0\xff\x07\x08", "\x01\x07\x00", "\x01\x07\x34"} {
		if _, err := new(Sketch).MergeCompact([]byte(form)); !errors.Is(err, ErrForm) {
			t.Errorf("%q: %v", form, err)
		}
	}
}
