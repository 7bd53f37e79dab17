package activation

import "slices"

// Rest is what is left of a message that waits, or was given up, when the
// changes of some profiles are taken out of it.
type Rest struct {
	Named bool   // whether there were such changes
	Text  []byte // as it is stored; nil for nothing
	Taken int64  // changes
	// Run is the snapshot run that waits for the message, where nothing is left
	// of it; "" for none.
	Run string
}

// Without takes the changes that are gone, by their profiles and versions, out
// of a stored message. What is
// left has another id than the whole. Why the message was not taken goes with
// them: a receiver may have answered with what it was sent.
func Without(text []byte, gone func(profile string, version uint64) bool) (Rest, error) {
	p, err := decode(Waiting{Text: text})
	if err != nil {
		return Rest{}, err
	}
	all := len(p.changes)
	run := p.changes[0].Run
	p.changes = slices.DeleteFunc(p.changes, func(c Change) bool { return c.Part == nil && gone(c.Profile, c.Version) })
	r := Rest{Named: len(p.changes) < all, Taken: int64(all - len(p.changes))}
	switch {
	case !r.Named:
		r.Text = text
	case len(p.changes) > 0:
		p.reason = ""
		r.Text, err = p.encode()
	case p.owed:
		r.Run = run
	}
	return r, err
}
