package engine

import (
	"math/rand/v2"
	"testing"
)

// TestBitsetIsASet holds a bitset against a map, numbers of its last word
// included.
func TestBitsetIsASet(t *testing.T) {
	const size = 3*64 + 1
	r := rand.New(rand.NewPCG(1, 2))
	set, want := newBitset(size), map[uint32]bool{}
	for range 10_000 {
		i := uint32(r.IntN(size))
		switch r.IntN(4) {
		case 0:
			set.add(i)
			want[i] = true
		case 1:
			set.flip(i)
			want[i] = !want[i]
		case 2:
			bit := uint32(r.IntN(2))
			set.addBit(i, bit)
			want[i] = want[i] || bit == 1
		case 3:
			if w := int(i >> 6); set[w] != 0 {
				least := set.take(w)
				for smaller := uint32(w << 6); smaller < least; smaller++ {
					if want[smaller] {
						t.Fatalf("%d was taken before %d", least, smaller)
					}
				}
				want[least] = false
			}
		}
		i = uint32(r.IntN(size))
		if set.has(i) != want[i] || set.bit(i) == 1 != want[i] || set.hasFrom(0, uint16(i)) != want[i] {
			t.Fatalf("%d: has %t, bit %d, want %t", i, set.has(i), set.bit(i), want[i])
		}
	}
}

// TestReferencesKeepPositionsApart: no flag reaches into a position, the last
// there can be included, nor into another flag.
func TestReferencesKeepPositionsApart(t *testing.T) {
	for _, position := range []uint32{0, 1, MaxSegments - 1} {
		plain := ruleRef(position)
		if plain.late() || plain.complete() != 0 || plain.more() || plain.odd() {
			t.Errorf("position %d alone says something of its rule", position)
		}
		if late := plain | refLate; !late.late() || late.complete() != 0 || late.odd() || late.position() != position {
			t.Errorf("position %d, late: %b", position, late)
		}
		if complete := plain | refComplete; complete.late() || complete.complete() != 1 || complete.odd() || complete.position() != position {
			t.Errorf("position %d, complete: %b", position, complete)
		}
		for guard := range restGuards {
			set := plain | refSet<<guard
			if !set.odd() || !set.isSet(guard) || set.isSet(1-guard) || set.more() || set.position() != position {
				t.Errorf("position %d, guard %d a set: %b", position, guard, set)
			}
		}
		for _, sure := range []bool{false, true} {
			if e := exitOf(plain|refComplete, sure); e.sure() != sure || e.late() || e.position() != position {
				t.Errorf("position %d, exit that is sure: %t: %b", position, sure, e)
			}
			if e := exitOf(plain|refLate, sure); e.sure() != sure || !e.late() || e.position() != position {
				t.Errorf("position %d, late exit that is sure: %t: %b", position, sure, e)
			}
		}
	}
}
