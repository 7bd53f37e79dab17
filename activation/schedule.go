package activation

import (
	"math/rand/v2"
	"time"
)

// waits are how long a message waits at most before its next attempt, by the
// number of attempts that have failed: those that Standard Webhooks proposes.
// Behind the last one it is a dead letter.
var waits = [...]time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
	10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// MaxAttempts is how often a message is sent before it is a dead letter.
const MaxAttempts = len(waits) + 1

// wait returns how long a message waits for its next attempt after so many
// failed ones, and false when there is none. It draws from all of the time
// up to the bound ("full jitter"), so that what failed together does not come
// again together, and waits for at least as long as the destination has asked.
// See "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
func wait(failed int, asked time.Duration, random *rand.Rand) (time.Duration, bool) {
	if failed > len(waits) {
		return 0, false
	}
	return max(asked, time.Duration(random.Int64N(int64(waits[failed-1])+1))), true
}
