package main

import (
	"fmt"
	"time"

	"muster/activation"
)

// breakerLine is how the breakers of all processes for one destination are
// printed: the worst state of any, and of those that have it the earliest times.
type breakerLine struct {
	State  activation.CircuitState `json:"state"`
	Shards int                     `json:"shards"` // that say so; 0 where none was ever open
	Since  *time.Time              `json:"since,omitempty"`
	Probe  *time.Time              `json:"next_probe,omitempty"`
	Error  string                  `json:"last_error,omitempty"` // of the last one that opened
}

// breakerOf puts together what shards have stored, at an instant.
func breakerOf(stored []string, now time.Time) (breakerLine, error) {
	severity := map[activation.CircuitState]int{activation.Closed: 0, activation.HalfOpen: 1, activation.Opened: 2}
	line := breakerLine{State: activation.Closed}
	newest := int64(-1)
	for _, text := range stored {
		c, err := activation.DecodeCircuit(text)
		if err != nil {
			return breakerLine{}, err
		}
		if c.Since > newest {
			newest, line.Error = c.Since, c.Reason
		}
		state := c.State(now)
		switch {
		case severity[state] < severity[line.State]:
			continue
		case severity[state] > severity[line.State]:
			line = breakerLine{State: state, Error: line.Error}
		}
		line.Shards++
		line.Since, line.Probe = earlier(line.Since, c.Since), earlier(line.Probe, c.Probe)
	}
	return line, nil
}

// earlier returns the earlier of two instants, the second in ms since 1970 UTC
// and 0 for none.
func earlier(one *time.Time, other int64) *time.Time {
	at := time.UnixMilli(other).UTC()
	if other == 0 || one != nil && one.Before(at) {
		return one
	}
	return &at
}

// String writes the line in a few words.
func (l *breakerLine) String() string {
	if l.Since == nil {
		return string(l.State)
	}
	text := fmt.Sprintf("%s since %s", l.State, l.Since.Format(time.RFC3339))
	switch {
	case l.State == activation.Closed:
		return text
	case l.State == activation.Opened && l.Probe != nil:
		text += ", next probe " + l.Probe.Format(time.RFC3339)
	}
	return text + ": " + l.Error
}
