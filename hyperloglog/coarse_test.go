package hyperloglog

import (
	"bytes"
	"math"
	"testing"
)

// A sketch that is made coarser is the one that had so few registers from the
// start, also in steps, and as a union with a finer one.
func TestACoarserSketchIsThatOfFewerRegisters(t *testing.T) {
	for _, n := range []int{0, 1, 300, 20_000} {
		for _, bits := range []int{MinBits, 11, indexBits - 1} {
			want := &Sketch{}
			want.Coarsen(bits)
			for i := range n {
				want.Add(Hash(customer(i)))
			}
			once, steps, union := sketch(0, n), sketch(0, n), sketch(n/3, n)
			once.Coarsen(bits)
			for b := indexBits - 1; b >= bits; b-- {
				steps.Coarsen(b)
			}
			half := sketch(0, n/2)
			half.Coarsen(bits)
			union.Merge(half)
			if err := union.MergeForm(sketch(n/2, n).Append(nil)); err != nil {
				t.Fatal(err)
			}
			if _, err := union.MergeCompact(sketch(n/2, n).AppendCompact(nil)); err != nil {
				t.Fatal(err)
			}
			form := want.AppendSlim(nil, math.MaxInt)
			for name, s := range map[string]*Sketch{"at once": once, "in steps": steps, "by a union": union} {
				if s.Bits() != bits || !bytes.Equal(s.AppendSlim(nil, math.MaxInt), form) {
					t.Errorf("%d customers in 2^%d registers differ where they come %s", n, bits, name)
				}
			}
			if off := math.Abs(float64(once.Estimate())/float64(max(1, n)) - min(1, float64(n))); off > 4.5*once.StandardError() {
				t.Errorf("%d customers in 2^%d registers: %d", n, bits, once.Estimate())
			}
		}
	}
}

// What of a fine sketch and of a coarse one is in both is in the band.
func TestJointOfCoarseSketches(t *testing.T) {
	for trial := range 2 {
		a, b := sketch(trial*100_000, trial*100_000+30_000), sketch(trial*100_000+10_000, trial*100_000+40_000)
		fine := a.Append(nil)
		b.Coarsen(10)
		o := Joint(a, b)
		if o.Low > 20_000 || o.High < 20_000 || o.High-o.Low > 10_000 || o.High-o.Low < 1500 {
			t.Errorf("20000 are in both: %+v", o)
		}
		if !bytes.Equal(a.Append(nil), fine) {
			t.Error("the fine sketch has changed")
		}
	}
}
