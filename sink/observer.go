package sink

import "time"

// Observer is told what a Store does. A nil func is not called. The funcs are
// called on the caller's goroutine and must return soon.
type Observer struct {
	// Committed is called after every commit that landed.
	Committed func(Committed)
	// Retried is called before an operation is tried again.
	Retried func(operation string, cause error)
	// Fenced is called when a load, scan or commit was fenced.
	Fenced func(shard int, cause error)
	// Unreadable is called where counts of flows are read that somebody else
	// must have written: what follows in them is left out.
	Unreadable func(key, segment string)
}

// Committed describes one commit.
type Committed struct {
	Shard    int
	Duration time.Duration // from the first command of its reach to the outcome
	Profiles int
	Changes  int
	Bytes    int // of profiles
}

func (o *Observer) committed(c Committed) {
	if o.Committed != nil {
		o.Committed(c)
	}
}

func (o *Observer) retried(operation string, cause error) {
	if o.Retried != nil {
		o.Retried(operation, cause)
	}
}

func (o *Observer) fenced(shard int, cause error) {
	if o.Fenced != nil {
		o.Fenced(shard, cause)
	}
}

func (o *Observer) unreadable(key, segment string) {
	if o.Unreadable != nil {
		o.Unreadable(key, segment)
	}
}
