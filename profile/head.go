package profile

import "fmt"

// Head returns the beginning of a blob, up to its memberships and, where they
// are wanted, its traits. EachMember and TraitsOf read it as the whole. It
// may refer to the blob.
func Head(blob string, traits bool) (string, error) {
	r := &reader{blob: blob}
	r.toMembers()
	for range r.count(1) {
		r.uvarint()
	}
	switch end := r.at; {
	case traits && r.inline:
		r.groups(true)
		var t Traits
		t.read(r, true)
	case traits:
		if r.cutTail(); r.err == nil {
			return blob[:end] + r.tail, nil
		}
	}
	if r.err != nil {
		return "", fmt.Errorf("decoding the head of a profile: %w", r.err)
	}
	return blob[:r.at], nil
}

// EachMember visits what a blob says that the profile is in: the number, in the
// shard's list of names, of each segment and of each condition of a held(...).
// It reads nothing behind them.
func EachMember(blob string, visit func(number uint64)) error {
	r := &reader{blob: blob}
	r.toMembers()
	number := uint64(0)
	for range r.count(1) {
		if number += r.uvarint(); r.err != nil {
			break
		}
		visit(number)
	}
	if r.err != nil {
		return fmt.Errorf("decoding memberships: %w", r.err)
	}
	return nil
}

// toMembers passes over what stands before the memberships.
func (r *reader) toMembers() {
	r.format()
	_, _ = r.varint(), r.varint()   // first and last seen
	_, _ = r.uvarint(), r.uvarint() // version and generation
	_, _ = r.varint(), r.varint()   // day of reach and deadline
}
