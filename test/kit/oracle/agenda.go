package oracle

import "slices"

// agenda is when to ask which rules about a profile, as long as nothing
// happens to it.
type agenda struct {
	rules   []*rule
	holding []*rule // of them, to be asked when something has been held for long enough, too
	asked   int64   // the last instant gone through
	offsets []int64 // from each instant, of those to ask at in its place

	// The first instant after asked that is known without what is held, and the
	// rules to ask then; nobody has looked for it where found is false.
	found bool
	at    int64
	due   []*rule
}

// Milliseconds from an instant at which an answer may flip.
var (
	there  = []int64{0}
	around = []int64{-1, 0, 1}
)

// plan says what is to be asked about a profile after an instant: there, or
// around each instant.
func plan(rules []*rule, after int64, offsets []int64) agenda {
	a := agenda{rules: rules, asked: after, offsets: offsets}
	for _, u := range rules {
		if len(u.holds) > 0 {
			a.holding = append(a.holding, u)
		}
	}
	return a
}

// next takes the next instant up to a time off the agenda, with the rules to
// ask then in their order; none when there is no more.
func (a *agenda) next(h *history, until int64) (at int64, rules []*rule) {
	if !a.found {
		a.find(h)
	}
	at = until + 1
	if len(a.due) > 0 {
		at = min(at, a.at)
	}
	a.held(h, func(due int64, _ *rule) { at = min(at, due) })
	if at > until {
		return 0, nil
	}
	a.held(h, func(due int64, u *rule) {
		if due == at {
			rules = append(rules, u)
		}
	})
	if at == a.at {
		rules = append(rules, a.due...)
	}
	slices.SortFunc(rules, func(a, b *rule) int { return a.number - b.number })
	a.asked, a.found = at, false
	return at, slices.Compact(rules)
}

// find looks for the first instant after the last one.
func (a *agenda) find(h *history) {
	a.found, a.at, a.due = true, 0, nil
	for _, u := range a.rules {
		for _, offset := range a.offsets {
			at, ever := u.next(h, a.asked-offset)
			switch at += offset; {
			case !ever || len(a.due) > 0 && at > a.at:
			case len(a.due) > 0 && at == a.at:
				a.due = append(a.due, u)
			default:
				a.at, a.due = at, []*rule{u}
			}
		}
	}
}

// held names the instants still to come at which what a rule wants held has
// been held for long enough, given since when it is.
func (a *agenda) held(h *history, name func(at int64, u *rule)) {
	for _, u := range a.holding {
		for _, one := range u.holds {
			since := h.since[one.condition.number]
			if since == never {
				continue
			}
			for _, offset := range a.offsets {
				if at := since + one.d + offset; at > a.asked {
					name(at, u)
				}
			}
		}
	}
}
