package soak

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"muster/test/kit/oracle"
)

// Tally is what was compared.
type Tally struct {
	oracle.Asked
	Changes int64 // answers that differ from the one before
}

// Decisions is the number of rules times events. Answers at instants of time
// are compared too and not counted.
func (t Tally) Decisions() int64 { return t.AtEvents }

// Mismatch says where an engine and the oracle part.
type Mismatch struct {
	Step   int // index of Case.Steps
	Want   []oracle.Change
	Got    []oracle.Change
	Reason error // what the engine failed with, nil when only the changes differ
}

// Error names the first change that differs.
func (m *Mismatch) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "step %d: ", m.Step)
	if m.Reason != nil {
		fmt.Fprintf(&b, "the engine fails: %v", m.Reason)
		return b.String()
	}
	at := 0
	for at < len(m.Want) && at < len(m.Got) && m.Want[at] == m.Got[at] {
		at++
	}
	fmt.Fprintf(&b, "change %d: the oracle has %s, the engine %s", at, nth(m.Want, at), nth(m.Got, at))
	return b.String()
}

func nth(list []oracle.Change, i int) string {
	if i >= len(list) {
		return "none"
	}
	return fmt.Sprintf("%+v", list[i])
}

// Compare runs a case through an engine and the oracle. It returns a
// *Mismatch when they part, and any other error when the case is none, as
// when a rule does not compile.
func Compare(c *Case, build func(*Case) (Engine, error)) (Tally, error) {
	var tally Tally
	log, err := c.log()
	if err != nil {
		return tally, err
	}
	var engine Engine
	reason := survive(func() (err error) { engine, err = build(c); return err })
	if errors.Is(reason, errPanic) {
		return tally, &Mismatch{Reason: reason}
	}
	if reason != nil {
		return tally, reason
	}
	for i, st := range c.Steps {
		want := foretell(log, st)
		got, reason := run(engine, st)
		if reason != nil || !slices.Equal(want, got) {
			return tally, &Mismatch{Step: i, Want: want, Got: got, Reason: reason}
		}
		tally.Asked = log.Asked()
		tally.Changes += int64(len(want))
	}
	return tally, nil
}

func foretell(log *oracle.Log, st Step) []oracle.Change {
	switch e := st.Erase; {
	case e != nil:
		return log.Erase(e.Profile, e.Arrival, e.Until)
	case st.Event == nil:
		return log.Advance(st.Until)
	}
	return log.Apply(st.Event)
}

func run(engine Engine, st Step) (changes []oracle.Change, err error) {
	err = survive(func() (err error) {
		switch {
		case st.Erase != nil:
			changes, err = engine.Erase(st.Erase)
		case st.Event == nil:
			changes, err = engine.Advance(st.Until)
		default:
			changes, err = engine.Apply(st.Event)
		}
		return err
	})
	return changes, err
}

var errPanic = errors.New("panic")

// survive makes a panic an error like any other, so that it can be shrunk.
func survive(f func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("%w: %v\n%s", errPanic, cause, debug.Stack())
		}
	}()
	return f()
}
