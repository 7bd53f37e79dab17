package observe

import (
	"fmt"
	"time"
)

// Patience is how long a part that once worked must fail before it counts as
// not ready, and how long it must then work before it counts as ready again.
// Attempts that fail and soon succeed, or succeed and soon fail, thus don't
// turn readiness over and over.
const Patience = 3 * time.Second

// trouble is a part that has failed. It fails while it has causes.
type trouble struct {
	causes map[string]bool // what fails now
	reason string          // of the last failure
	since  time.Time       // when the first cause came
	worked time.Time       // when the last cause went; zero while there is one
}

func newTrouble(now time.Time) *trouble { return &trouble{causes: map[string]bool{}, since: now} }

func (t *trouble) fail(cause, reason string) {
	t.causes[cause], t.reason, t.worked = true, reason, time.Time{}
}

// mend takes a cause away.
func (t *trouble) mend(cause string, now time.Time) {
	if t.causes[cause] && len(t.causes) == 1 {
		t.worked = now
	}
	delete(t.causes, cause)
}

func (t *trouble) fails() bool { return t.worked.IsZero() }

// shows reports whether the part counts as not ready.
func (t *trouble) shows(now time.Time) bool {
	if t.fails() {
		return now.Sub(t.since) >= Patience
	}
	return t.worked.Sub(t.since) >= Patience && now.Sub(t.worked) < Patience
}

// over reports whether nothing of the trouble is left to tell.
func (t *trouble) over(now time.Time) bool { return !t.fails() && !t.shows(now) }

// text says what is wrong, in one line.
func (t *trouble) text() string {
	switch {
	case !t.fails():
		return fmt.Sprintf("works again, for less than %s; before: %s", Patience, t.reason)
	case len(t.causes) > 1:
		return fmt.Sprintf("%s (and %d more like it)", t.reason, len(t.causes)-1)
	}
	return t.reason
}
