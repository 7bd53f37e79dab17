package snapshot

import "github.com/RoaringBitmap/roaring/v2"

// Audience is some of the profiles that Columns hold. It is immutable and safe
// for concurrent use. Audiences of different Columns have nothing to do with
// each other.
type Audience struct{ places *roaring.Bitmap } // in the order of the hash

// Len is how many profiles are in it.
func (a Audience) Len() int64 { return int64(a.places.GetCardinality()) }

// Without returns those of a that are not in b.
func (a Audience) Without(b Audience) Audience { return Audience{roaring.AndNot(a.places, b.places)} }

// Shared is how many profiles are in both.
func (a Audience) Shared(b Audience) int64 { return int64(a.places.AndCardinality(b.places)) }

// Equal reports whether the same profiles are in both.
func (a Audience) Equal(b Audience) bool { return a.places.Equals(b.places) }

// Combinations counts, for each combination of audiences, the profiles that are
// in exactly these: of number 5, which is 1 and 4, those that are in the first
// and the third and in no other. Number 0 is of those that are in none and stays
// 0. There may be 16 of them at the most.
func Combinations(of []Audience) []int64 {
	last := 0
	for _, one := range of {
		if !one.places.IsEmpty() {
			last = max(last, int(one.places.Maximum())+1)
		}
	}
	in := make([]uint16, last)
	for i, one := range of {
		one.places.Iterate(func(place uint32) bool {
			in[place] |= 1 << i
			return true
		})
	}
	counts := make([]int64, 1<<len(of))
	for _, combination := range in {
		counts[combination]++
	}
	counts[0] = 0
	return counts
}
