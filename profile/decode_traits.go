package profile

import "fmt"

// TraitsOf returns the traits of a blob. It reads nothing behind them, and
// needs none of the names that the rest of a profile mentions by number.
func TraitsOf(blob string) (Traits, error) {
	r := &reader{blob: blob}
	r.toMembers()
	if r.inline {
		for range r.count(1) {
			r.uvarint() // a membership
		}
		r.groups(true)
	}
	back := r.toTraits()
	var t Traits
	t.read(r, false)
	r.fromTraits(back)
	if r.err != nil {
		return Traits{}, fmt.Errorf("decoding traits: %w", r.err)
	}
	return t, nil
}
