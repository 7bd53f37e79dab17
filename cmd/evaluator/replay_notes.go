package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	"muster/cmd/evaluator/rehearsal"
)

// maxRefusals bounds the kinds of dead letters that are told apart.
const maxRefusals = 20

// refusals are the kinds of dead letters of a replay, in the order in which
// they first came. Beyond maxRefusals all others count as the last.
type refusals []refusal

type refusal struct {
	kind   string
	reason string // of the first
	at     place
	count  int
}

func (r *refusals) note(at place, reason string) {
	kind := rehearsal.KindOf(reason)
	i := slices.IndexFunc(*r, func(known refusal) bool { return known.kind == kind })
	switch {
	case i >= 0:
		(*r)[i].count++
	case len(*r) == maxRefusals:
		(*r)[maxRefusals-1].count++
	default:
		*r = append(*r, refusal{kind, reason, at, 1})
	}
}

func (r *refusals) write(out io.Writer) {
	for _, one := range *r {
		_, _ = fmt.Fprintf(out, "  %d like %s:%d: %s\n", one.count, one.at.file, one.at.line, one.reason)
	}
}

// farAhead is how far one arrival may be ahead of all others before it is
// told: it has moved the clock, and every window with it, for all who come
// after it.
const farAhead = 24 * time.Hour

// ahead knows the latest two arrivals of a replay, and where the latest
// stands.
type ahead struct {
	at             place
	latest, second int64
}

// note takes the latest arrival of a record; 0 for none.
func (a *ahead) note(at place, arrival int64) {
	if arrival > a.latest {
		a.at, a.latest, a.second = at, arrival, a.latest
	} else {
		a.second = max(a.second, arrival)
	}
}

func (a *ahead) write(out io.Writer) {
	by := time.Duration(a.latest-a.second) * time.Millisecond
	if a.second == 0 || by <= farAhead {
		return
	}
	_, _ = fmt.Fprintf(out, "warning: %s:%d arrived at %s, %.1f days after every other line, and moved the clock there\n",
		a.at.file, a.at.line, instant(a.latest), by.Hours()/24)
}
