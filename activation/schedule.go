package activation

import (
	"math/rand/v2"
	"time"
)

// schedule is how long a message waits at most before its next attempt, by the
// number of attempts that have failed.
type schedule struct {
	waits []time.Duration
	// forever repeats the last wait. Otherwise a message behind it is a dead
	// letter.
	forever bool
}

// waits are those that Standard Webhooks proposes.
var waits = [...]time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
	10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

var overHTTP = schedule{waits: waits[:]}

// inKafka has a message wait for as long as its brokers are away: a topic that
// others take for the truth must not have holes.
var inKafka = schedule{waits: []time.Duration{5 * time.Second, 30 * time.Second}, forever: true}

// MaxAttempts is how often a message is sent by HTTP before it is a dead
// letter.
const MaxAttempts = len(waits) + 1

// scheduleOf returns the schedule of a destination.
func scheduleOf(d *Destination) schedule {
	if d.Kafka != nil {
		return inKafka
	}
	return overHTTP
}

// wait returns how long a message waits for its next attempt after so many
// failed ones, and false when there is none. It draws from all of the time
// up to the bound ("full jitter"), so that what failed together does not come
// again together, and waits for at least as long as the destination has asked.
// See "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
func (s schedule) wait(failed int, asked time.Duration, random *rand.Rand) (time.Duration, bool) {
	if failed > len(s.waits) {
		if !s.forever {
			return 0, false
		}
		failed = len(s.waits)
	}
	return max(asked, time.Duration(random.Int64N(int64(s.waits[failed-1])+1))), true
}
