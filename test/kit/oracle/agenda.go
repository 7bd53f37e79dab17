package oracle

import (
	"cmp"
	"slices"
)

// agenda is when to ask which rules about a profile, as long as nothing
// happens to it.
type agenda struct {
	upcoming []question // at instants that are known, by time and rule
	holding  []*rule    // to be asked when something has been held for long enough, too
	asked    int64      // the last instant gone through
	around   bool       // a millisecond before and after too
}

// question asks a rule at an instant.
type question struct {
	at   int64
	rule *rule
}

// plan lists what is to be asked about a profile after an instant.
func plan(h *history, rules []*rule, after int64, around bool) agenda {
	a := agenda{asked: after, around: around}
	for _, u := range rules {
		u.instants(h, a.near(func(at int64) {
			if at > after {
				a.upcoming = append(a.upcoming, question{at, u})
			}
		}))
		if len(u.holds) > 0 {
			a.holding = append(a.holding, u)
		}
	}
	slices.SortFunc(a.upcoming, func(a, b question) int {
		return cmp.Or(cmp.Compare(a.at, b.at), a.rule.number-b.rule.number)
	})
	a.upcoming = slices.Compact(a.upcoming)
	return a
}

// near names an instant, and those around it if they are wanted.
func (a *agenda) near(name func(at int64)) func(at int64) {
	if a.around {
		return around(name)
	}
	return name
}

// next takes the next instant up to a time off the agenda, with the rules to
// ask then in their order; none when there is no more.
func (a *agenda) next(h *history, until int64) (at int64, rules []*rule) {
	at = until + 1
	if len(a.upcoming) > 0 {
		at = min(at, a.upcoming[0].at)
	}
	a.due(h, func(due int64, _ *rule) { at = min(at, due) })
	if at > until {
		return 0, nil
	}
	a.due(h, func(due int64, u *rule) {
		if due == at {
			rules = append(rules, u)
		}
	})
	for len(a.upcoming) > 0 && a.upcoming[0].at == at {
		rules = append(rules, a.upcoming[0].rule)
		a.upcoming = a.upcoming[1:]
	}
	slices.SortFunc(rules, func(a, b *rule) int { return a.number - b.number })
	a.asked = at
	return at, slices.Compact(rules)
}

// due names the instants still to come at which what a rule wants held has
// been held for long enough, given since when it is.
func (a *agenda) due(h *history, name func(at int64, u *rule)) {
	for _, u := range a.holding {
		for _, one := range u.holds {
			if since := h.since[one.condition.number]; since != never {
				a.near(func(at int64) {
					if at > a.asked {
						name(at, u)
					}
				})(since + one.d)
			}
		}
	}
}
