package activation

import (
	"time"

	"golang.org/x/time/rate"
)

// route is what a courier has to know of its destination.
type route struct {
	name        string
	batch       int           // changes that a message carries at most
	batchAge    time.Duration // how long fewer of them wait for more
	concurrency int
	limiter     *rate.Limiter
	wants       func(segment string) bool
	encode      func([]Change) (Message, error)
	sender      Sender
	schedule    schedule
	log         bool // whether attempts are written into the log
	coalesces   bool
	initial     bool       // whether it begins with a snapshot run
	completes   bool       // whether its format can say that a run is complete
	traits      [][]string // paths of those that are sent along
}
