package profile

import (
	"math/rand/v2"
	"testing"

	"muster/event"
)

// All traits as one object are those of the naive model, whatever was written,
// decoded and encoded.
func TestTraitsAsOneObject(t *testing.T) {
	keys := []string{"a", "b", "\x00", "a\x01", ""}
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 11))
		var traits Traits
		var writes []traitWrite
		for i := range r.IntN(12) {
			var path []string
			for range 1 + r.IntN(3) {
				path = append(path, keys[r.IntN(len(keys))])
			}
			value := event.NumberOf(float64(i))
			if r.IntN(4) == 0 {
				value = event.Value{}
			}
			traits.set(PathOf(path...), int64(i), value)
			writes = append(writes, traitWrite{path, value, int64(i)})
		}
		want := valueOf(replay(writes))
		for _, form := range []string{"decoded", "encoded"} {
			if got := traits.Object(); !got.Equal(want) {
				t.Fatalf("seed %d, %s: %v, want %v", seed, form, got, want)
			}
			traits.append(nil)
		}
	}
}
