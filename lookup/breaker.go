package lookup

import (
	"fmt"
	"time"

	"muster/activation"
)

// Breaker is what the breakers of all processes say of one destination: the
// worst state of any, and of those that have it the earliest times.
type Breaker struct {
	State  activation.CircuitState `json:"state" enum:"closed,half-open,open"`
	Shards int                     `json:"shards" doc:"How many say so; 0 where none was ever open."`
	Since  *time.Time              `json:"since,omitempty"`
	Probe  *time.Time              `json:"next_probe,omitempty"`
	Error  string                  `json:"last_error,omitempty" doc:"Of the last one that opened."`
}

// breakerOf puts together what shards have stored, at an instant.
func breakerOf(stored []string, now time.Time) (Breaker, error) {
	severity := map[activation.CircuitState]int{activation.Closed: 0, activation.HalfOpen: 1, activation.Opened: 2}
	line := Breaker{State: activation.Closed}
	newest := int64(-1)
	for _, text := range stored {
		c, err := activation.DecodeCircuit(text)
		if err != nil {
			return Breaker{}, err
		}
		if c.Since > newest {
			newest, line.Error = c.Since, c.Reason
		}
		state := c.State(now)
		switch {
		case severity[state] < severity[line.State]:
			continue
		case severity[state] > severity[line.State]:
			line = Breaker{State: state, Error: line.Error}
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

// String writes it in a few words.
func (b *Breaker) String() string {
	if b.Since == nil {
		return string(b.State)
	}
	text := fmt.Sprintf("%s since %s", b.State, b.Since.Format(time.RFC3339))
	switch {
	case b.State == activation.Closed:
		return text
	case b.State == activation.Opened && b.Probe != nil:
		text += ", next probe " + b.Probe.Format(time.RFC3339)
	}
	return text + ": " + b.Error
}
