package profile

import "fmt"

// Values returns the traits of a blob, and visits which series it has: the
// number of each in the shard's list of names. It reads nothing behind them, and
// refers to the blob. It is false for a blob with shadows, which may say more of
// its series.
func Values(blob string, visit func(series uint64)) (traits Traits, whole bool, err error) {
	r := &reader{blob: blob}
	r.toMembers()
	for range r.count(1) {
		r.uvarint() // a membership
	}
	r.groups(true)
	back := r.toTraits()
	traits.read(r, true)
	r.fromTraits(back)
	r.skipSeen()
	for range r.count(5) {
		number := r.uvarint()
		r.skipPoints()
		if r.err == nil {
			visit(number)
		}
	}
	if r.err != nil {
		return Traits{}, false, fmt.Errorf("decoding traits and series: %w", r.err)
	}
	return traits, !r.shadowed, nil
}
