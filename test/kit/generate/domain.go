package generate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"muster/event"
)

// Start is a fair stream time to start a history at, in milliseconds since
// 1970 UTC: 2026-10-01. The dates that rules spell out lie around and
// behind it.
const Start int64 = 1790812800000

const (
	second = int64(1000)
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour
)

// span is a duration, spelled and in milliseconds.
type span struct {
	text string
	ms   int64
}

// spans in ascending order. Gaps between events and lateness use them too.
var spans = []span{
	{"90s", 90 * second}, {"15m", 15 * minute}, {"1h", hour}, {"12h", 12 * hour}, {"1d", day}, {"3d", 3 * day},
	{"7d", 7 * day}, {"2w", 14 * day}, {"30d", 30 * day},
}

// Domains of names and values, shared by rules and events.
var (
	eventNames = []string{"Order Completed", "Order Refunded", "Cart Added", "Signed Up"}
	patterns   = []string{"Order Completed", "Order Refunded", "Cart Added", "Signed Up", "Page Viewed", "Screen Viewed", "Order*", "*", "*", "Order*", "S*", "*", "Order*", "Order Completed", "Cart*", "Gone"}
	prices     = []float64{0, math.Copysign(0, -1), 0.25, 5, 9.75, 10, 10.25, 20, 50, 0.1, 0.3, 49.99, -10}
	ages       = []float64{16, 17, 18, 20, 21, 22, 24, 27}
	revenues   = []float64{0.1, 0.2, 0.7, 0.07, 1e25, -3e-25, 25.5, 99.75, 100, 250.25, 500}
	totals     = []float64{0, 0.3, 0.8, 1, 10, 20.25, 100, 200, 500}
	skus       = []string{"A-1", "A-2", "B-1", "C"}
	plans      = []string{"free", "pro", "Team", ""}
	countries  = []string{"DE", "FR", "US", "de"}
	cities     = []string{"Bonn", "Paris", "San José", " bonn "}
	tags       = []string{"vip", "beta", "b2b", "late"}
	groups     = []string{"acme", "bolt", "core"}
	codes      = []string{"X10", "X20", "Y5"}
	versions   = []string{"2.9.3", "2.10.0", "2.10", "v2.10.1", "2.10.0-rc.1", "3.0.0+7", "2.10.0.1", "02.9.03", "2.10-rc.1", "2.10.0.1-beta", "2.10-rc", "V3", "123.0.6312.86", "2.10.0-rc.01.x", "two", "2..1"}
	salts      = []string{"holdout", "rollout", "a"}
	names      = []string{"Ann", "bob", "Zoë"}
)

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// chance is true percent times of a hundred.
func chance(r *rand.Rand, percent int) bool { return r.IntN(100) < percent }

// weigh picks an index by its weight.
func weigh(r *rand.Rand, weights ...int) int {
	total := 0
	for _, w := range weights {
		total += w
	}
	n := r.IntN(total)
	for i, w := range weights {
		if n < w {
			return i
		}
		n -= w
	}
	panic("generate: weights changed while weighing")
}

// date spells an instant in one of the ways that compare as a time.
func date(r *rand.Rand, ms int64) string {
	t := time.UnixMilli(ms).UTC()
	east := t.In(time.FixedZone("", 2*60*60))
	switch r.IntN(8) {
	case 0:
		return t.Format(time.DateOnly)
	case 1:
		return east.Format("2006-01-02T15:04:05.999-07:00")
	case 2:
		return east.Format("2006-01-02 15:04:05,000-0700")
	case 3:
		return t.Format("2006-01-02t15:04:05.000000") + pick(r, []string{"", "z", "+00"})
	case 4:
		return east.Format("2006-01-02T15:04-07") // without its seconds
	}
	return t.Format("2006-01-02T15:04:05.999Z")
}

// moment is an instant as clients send it: mostly a text, else a number of
// milliseconds or of seconds.
func moment(r *rand.Rand, ms int64) event.Value {
	switch r.IntN(12) {
	case 0:
		return event.NumberOf(float64(ms))
	case 1:
		return event.NumberOf(float64(ms) / 1000)
	}
	return event.StringOf(date(r, ms))
}

func quote(s string) string { return fmt.Sprintf("%q", s) }
