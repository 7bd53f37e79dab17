package hyperloglog

import (
	"bytes"
	"errors"
	"math"
	"testing"
)

// What was appended in the slim form and merged is what Merge gives, and what
// stands behind is returned. A form has the bytes that it may have, unless it is
// as coarse as can be, and no bit is given up without need.
func TestTheSlimFormMergesAsSketchesDo(t *testing.T) {
	for _, n := range []int{0, 1, 60, 250, 1000, 20_000, 700_000} {
		for _, most := range []int{0, 224, 1664, math.MaxInt} {
			s := sketch(0, n)
			whole := s.Append(nil)
			form := s.AppendSlim([]byte("x"), most)[1:]
			if !bytes.Equal(s.Append(nil), whole) {
				t.Fatalf("%d customers: the sketch has changed", n)
			}
			got, want := sketch(n/2, n+1000), sketch(n/2, n+1000)
			rest, err := got.MergeSlim(append(bytes.Clone(form), "rest"...))
			want.Merge(s.within(int(form[0] & 15)))
			if err != nil || string(rest) != "rest" || got.Bits() != int(form[0]&15) || !bytes.Equal(got.AppendSlim(nil, math.MaxInt), want.AppendSlim(nil, math.MaxInt)) {
				t.Errorf("%d customers in %d bytes: %v, behind it %q, %d bits", n, most, err, rest, got.Bits())
			}
			if got.Bits() > MinBits && len(form) > most || got.Bits() < indexBits && len(s.within(got.Bits()+1).slim()) <= most {
				t.Errorf("%d customers in %d bytes take %d, with 2^%d registers", n, most, len(form), got.Bits())
			}
		}
	}
}

// A full sketch takes half of what Redis takes, and a coarse one little more than
// its share of that.
func TestTheSlimFormIsSlim(t *testing.T) {
	s := sketch(0, 400_000)
	for bits, most := range map[int]int{14: 6300, 12: 1620, 10: 425, 9: 224} {
		if n := len(s.within(bits).slim()); n > most {
			t.Errorf("2^%d registers take %d bytes, more than %d", bits, n, most)
		}
	}
}

// A form that is cut, or that no sketch has, is refused.
func TestABrokenSlimFormIsRefused(t *testing.T) {
	for _, n := range []int{1, 500, 100_000} {
		whole := sketch(0, n).AppendSlim(nil, math.MaxInt)
		for _, cut := range []int{0, 1, len(whole) / 2, len(whole) - 1} {
			if _, err := new(Sketch).MergeSlim(whole[:cut]); !errors.Is(err, ErrForm) {
				t.Errorf("%d customers, %d of %d bytes: %v", n, cut, len(whole), err)
			}
		}
	}
	for _, form := range []string{"\x08\x00", "\x0f\x00", "\x3e\x01x", "\x0e\x01\xff\xff\xff\x01", "\x0e\x01\x07\xff", "\x0e\x01\x07\x00", "\x1e\x05hello", "\x2e\x03abc"} {
		if _, err := new(Sketch).MergeSlim([]byte(form)); !errors.Is(err, ErrForm) {
			t.Errorf("%q: %v", form, err)
		}
	}
}
