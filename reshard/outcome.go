package reshard

import (
	"fmt"

	"muster/sink"
)

// State is what became of a request.
type State string

// The states, as they are shown.
const (
	Done      State = "resharded"
	Would     State = "would reshard"
	Abandoned State = "abandoned"
	Dropped   State = "dropped"
	Nothing   State = "nothing to do"
)

// Outcome is what Do has done, or with DryRun would do.
type Outcome struct {
	State    State
	From     *sink.Layout // nil where it is not of two layouts
	To       sink.Layout  // that is in use now, or would be
	Moved    *sink.Weight // nil where nothing was or would be moved
	Warnings []string     // what somebody should know of it
}

// weigh puts in what is moved, and what somebody should know of it. Outbox is
// how many changes one may have.
func (o *Outcome) weigh(w sink.Weight, outbox int64) {
	o.Moved = &w
	if longest := max(w.Longest, w.Outbox/int64(o.To.Shards)); longest > outbox {
		o.Warnings = append(o.Warnings, fmt.Sprintf("an outbox will have %d changes or more and redis.outbox_max is %d: the first commits "+
			"drop the oldest; raise it, if they are still to be read", longest, outbox))
	}
	if w.Recounts > 0 {
		o.Warnings = append(o.Warnings, fmt.Sprintf("the stored sizes of %s were not what profiles say, and are now: "+
			"something has written to redis", number(w.Recounts, "segment")))
	}
}

// number is a number of things in words.
func number[N int | int64](n N, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
