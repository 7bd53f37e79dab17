package main

import (
	"fmt"
	"slices"

	"muster/profile"
)

const (
	// verifiedEvents come before the comparison with the expr loop.
	verifiedEvents = 4096
	// verifiedDecisions bounds the rules that it runs, at leastVerified
	// profiles.
	verifiedDecisions = 4_000_000
	leastVerified     = 40
	// verifiedWhole is how many profiles are compared with Full.
	verifiedWhole = 500
)

// verify plays events and compares the memberships that incremental
// evaluation has led to with the expr loop's, profile by profile.
func (e *engine) verify(loop *exprLoop) error {
	for e.events < verifiedEvents {
		e.apply()
		e.update()
	}
	n := max(leastVerified, verifiedDecisions/e.set.Len())
	for _, one := range e.touched[:min(n, len(e.touched))] {
		loop.load(e.values(one))
		for rule := range e.set.Len() {
			position, _ := e.set.Position(fmt.Sprintf("s-%06d", rule))
			if want := loop.holds(rule); one.Members.Has(position) != want {
				return fmt.Errorf("%s: Muster says %t, expr says %t of %s", one.ID, !want, want, e.set.Segment(position).Rule)
			}
		}
	}
	return e.verifyWhole()
}

// verifyWhole compares incremental with whole evaluation on the profiles
// that had events lately.
func (e *engine) verifyWhole() error {
	for i := range e.batch {
		if err := e.sameWhole(e.batch[i].profile); err != nil {
			return err
		}
	}
	for _, one := range e.touched[:min(verifiedWhole, len(e.touched))] {
		if err := e.sameWhole(one); err != nil {
			return err
		}
	}
	return nil
}

func (e *engine) sameWhole(one *profile.Profile) error {
	if flips := slices.Clone(e.matcher.Full(one, e.now)); len(flips) > 0 {
		f := flips[0]
		return fmt.Errorf("%s: %d memberships differ between incremental and whole evaluation, the first (whole: %t) of %s",
			one.ID, len(flips), f.Entered, e.set.Segment(f.Position).Rule)
	}
	return nil
}
