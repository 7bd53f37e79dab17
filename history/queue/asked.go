package queue

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"muster/history/projection"
)

// Asked is what was asked for, as request.json has it.
type Asked struct {
	ID string    `json:"id"`
	At time.Time `json:"asked"`
	// Priority orders requests that wait: the highest first, then the one that
	// was asked for first. 0 to 100.
	Priority int `json:"priority"`

	Archive  string   `json:"archive"` // its location
	Layout   string   `json:"layout"`
	AsOf     string   `json:"as_of"`
	Segments []string `json:"segments"` // ids
	// Rules is the fingerprint of the segments.
	Rules string `json:"rules"`

	// Reading is the same for requests that read the same objects in the same
	// way, and Keeps what this one has to keep of their events.
	Reading string                `json:"reading"`
	Keeps   projection.Projection `json:"keeps"`

	// Flags are those of the command, for it to begin the request again.
	Flags json.RawMessage `json:"flags"`
}

// MaxPriority is the highest priority.
const MaxPriority = 100

// Validate returns what is wrong, joined.
func (a *Asked) Validate() error {
	var problems []error
	if a.ID == "" {
		problems = append(problems, errors.New("the request has no id"))
	}
	if a.Priority < 0 || a.Priority > MaxPriority {
		problems = append(problems, fmt.Errorf("priority is %d; it must be between 0 and %d", a.Priority, MaxPriority))
	}
	return errors.Join(problems...)
}

// before orders requests that wait.
func (a *Asked) before(b *Asked) int {
	return cmp.Or(cmp.Compare(b.Priority, a.Priority), a.At.Compare(b.At), cmp.Compare(a.ID, b.ID))
}
