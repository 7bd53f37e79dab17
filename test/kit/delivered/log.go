// Package delivered holds what a destination was told against what deliveries
// promise: every change of the outbox, each profile's in order, and again only
// under the same id with the same body.
//
// It promises to know nothing of how deliveries are made: it is the endpoint
// that docs/activation.md describes.
//
// The trap: a change that comes again is a repeat, whenever it comes. Only what
// comes for the first time can be out of order.
package delivered

import (
	"fmt"
	"sync"

	"muster/test/kit/oracle"
)

// Log is what one destination was told. Make it with New. It is safe for
// concurrent use.
type Log struct {
	mu       sync.Mutex
	bodies   map[string]string        // by message id
	in       map[oracle.Change]string // the message that a change came in first
	version  map[string]uint64        // by profile: of the newest change
	newest   map[Membership]oracle.Change
	heard    []heard // in order
	problems []string
	tally    Tally
}

// Membership is of one profile in one segment.
type Membership struct{ Profile, Segment string }

// Tally counts what a destination was told, and what was wrong with it.
type Tally struct {
	Messages int // attempts that arrived
	Changes  int // each once
	Repeats  int // changes that came once more
	Named    int // memberships that snapshot runs named, however often
	Missing  int // changes of the outbox that never came
	Unknown  int // changes that came and are not in the outbox
	Inverted int // changes that came behind a newer one of their profile
	// OtherID counts repeats under another id, OtherBody messages whose id had
	// another body before.
	OtherID, OtherBody int
	Diverged           int // memberships that are not those of the outbox
}

// Wrong is how much of it must not be.
func (t *Tally) Wrong() int {
	return t.Missing + t.Unknown + t.Inverted + t.OtherID + t.OtherBody + t.Diverged
}

// New returns an empty Log.
func New() *Log {
	return &Log{
		bodies: map[string]string{}, in: map[oracle.Change]string{}, version: map[string]uint64{}, newest: map[Membership]oracle.Change{},
	}
}

// Take notes a message of changes that was processed.
func (l *Log) Take(id, body string, changes ...oracle.Change) {
	items := make([]Item, len(changes))
	for i := range changes {
		items[i].Change = changes[i]
	}
	l.Tell(0, id, body, items)
}

// Tell notes a message that was processed, and the stream that it came in: 0
// where there is but one, else the partition.
func (l *Log) Tell(stream int, id, body string, items []Item) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tally.Messages++
	if before, again := l.bodies[id]; again && before != body {
		l.wrong(&l.tally.OtherBody, "message %s had the body %s and has %s", id, before, body)
	}
	l.bodies[id] = body
	for _, item := range items {
		l.heard = append(l.heard, heard{stream, item})
		switch {
		case item.Part != nil:
		case item.Run != "":
			l.name(item.Change)
		default:
			l.take(id, item.Change)
		}
	}
}

// name takes in what a snapshot run names: its version is that of the profile's
// last change, so it is no older than one of the same version.
func (l *Log) name(c oracle.Change) {
	l.tally.Named++
	if at := (Membership{c.Profile, c.Segment}); c.Version >= l.newest[at].Version {
		l.newest[at] = c
	}
}

func (l *Log) take(id string, c oracle.Change) {
	if before, again := l.in[c]; again {
		l.tally.Repeats++
		if before != id {
			l.wrong(&l.tally.OtherID, "%+v came in %s and again in %s", c, before, id)
		}
		return
	}
	l.in[c] = id
	l.tally.Changes++
	if newest := l.version[c.Profile]; c.Version <= newest {
		l.wrong(&l.tally.Inverted, "%+v came after version %d", c, newest)
		return
	}
	l.version[c.Profile] = c.Version
	if at := (Membership{c.Profile, c.Segment}); c.Version >= l.newest[at].Version {
		l.newest[at] = c
	}
}

// mostProblems is how many a Log describes; it counts them all.
const mostProblems = 10

func (l *Log) wrong(count *int, format string, args ...any) {
	*count++
	if len(l.problems) < mostProblems {
		l.problems = append(l.problems, fmt.Sprintf(format, args...))
	}
}

// Lacks returns an error while changes of the outbox have not come.
func (l *Log) Lacks(outbox []oracle.Change) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range outbox {
		if _, came := l.in[c]; !came {
			return fmt.Errorf("%d of %d changes have come; %+v has not", len(l.in), len(outbox), c)
		}
	}
	return nil
}

// Missing is how many changes of the outbox have not come.
func (l *Log) Missing(outbox []oracle.Change) (count int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range outbox {
		if _, came := l.in[c]; !came {
			count++
		}
	}
	return count
}

// Compare counts what is wrong beside the changes of the outboxes of all
// shards, and describes some of it.
func (l *Log) Compare(outbox []oracle.Change) (Tally, []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	known, want := map[oracle.Change]bool{}, map[Membership]oracle.Change{}
	for _, c := range outbox {
		known[c] = true
		at := Membership{c.Profile, c.Segment}
		if c.Version > want[at].Version {
			want[at] = c
		}
		if _, came := l.in[c]; !came {
			l.wrong(&l.tally.Missing, "%+v never came", c)
		}
	}
	for c := range l.in {
		if !known[c] {
			l.wrong(&l.tally.Unknown, "%+v came and is not in the outbox", c)
		}
	}
	for at, c := range want {
		if l.newest[at].Entered != c.Entered {
			l.wrong(&l.tally.Diverged, "the membership %+v is known by %+v, and the outbox has %+v", at, l.newest[at], c)
		}
	}
	return l.tally, l.problems
}

// Members returns the memberships that hold, by the newest change of each.
func Members(outbox []oracle.Change) map[Membership]uint64 {
	newest := map[Membership]oracle.Change{}
	for _, c := range outbox {
		if at := (Membership{c.Profile, c.Segment}); c.Version > newest[at].Version {
			newest[at] = c
		}
	}
	members := map[Membership]uint64{}
	for at, c := range newest {
		if c.Entered {
			members[at] = c.Version
		}
	}
	return members
}
