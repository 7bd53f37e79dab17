package temporal

import (
	"errors"
	"fmt"
	"time"
)

// Limits say how tasks are tried. They travel with a workflow.
type Limits struct {
	// Attempt is how long one attempt of a task may take before it counts as
	// dead. 1m to 72h; default 6h.
	Attempt time.Duration `json:"attempt"`
	// Heartbeat is how long a worker may be silent before its task counts as
	// dead. 1s to 10m; default 30s.
	Heartbeat time.Duration `json:"heartbeat"`
	// Attempts bounds how often a task that fails is tried, with pauses from a
	// second up to a minute between. 1 to 1,000; default 20, about a quarter of
	// an hour.
	Attempts int `json:"attempts"`
	// Batch is the number of tasks of a child workflow. 1 to 1,000; default 500.
	// Temporal keeps up to 50,000 events of a workflow, and a task makes some 3,
	// or 400 where it is cut into as many pieces as it may be.
	Batch int `json:"batch"`
}

// Default returns the defaults.
func Default() Limits {
	return Limits{Attempt: 6 * time.Hour, Heartbeat: 30 * time.Second, Attempts: 20, Batch: 500}
}

// Validate returns what is out of range, joined, in the order of the fields.
func (l Limits) Validate() error {
	var problems []error
	refuse := func(bad bool, format string, arguments ...any) {
		if bad {
			problems = append(problems, fmt.Errorf(format, arguments...))
		}
	}
	refuse(l.Attempt < time.Minute || l.Attempt > 72*time.Hour, "an attempt is %s; it must be between 1m and 72h", l.Attempt)
	refuse(l.Heartbeat < time.Second || l.Heartbeat > 10*time.Minute, "the heartbeat is %s; it must be between 1s and 10m", l.Heartbeat)
	refuse(l.Attempts < 1 || l.Attempts > 1000, "attempts are %d; they must be between 1 and 1000", l.Attempts)
	refuse(l.Batch < 1 || l.Batch > 1000, "tasks of a child workflow are %d; they must be between 1 and 1000", l.Batch)
	return errors.Join(problems...)
}
