package account

import (
	"maps"
	"math"
	"time"
)

// Latency is how long tasks took. Times are in seconds, and at most a fifth
// more than they were: tasks are counted in buckets, each a fifth wider than
// the one before, from a millisecond to a week.
type Latency struct {
	Tasks int64   `json:"tasks"`
	P50   float64 `json:"p50_seconds"`
	P99   float64 `json:"p99_seconds"`
	Max   float64 `json:"max_seconds"` // exact
	// Buckets has how many tasks took so long, by the number of the bucket.
	// Those that had none are left out.
	Buckets map[int]int64 `json:"buckets,omitempty"`
}

const (
	shortest = 0.001 // seconds, the upper bound of bucket 0
	growth   = 1.2
	buckets  = 116 // the last one's upper bound is beyond a week
)

// bucketOf returns the bucket of a time.
func bucketOf(seconds float64) int {
	if seconds <= shortest {
		return 0
	}
	return min(buckets-1, int(math.Ceil(math.Log(seconds/shortest)/math.Log(growth))))
}

// took counts a task.
func (l *Latency) took(d time.Duration) {
	if l.Buckets == nil {
		l.Buckets = map[int]int64{}
	}
	l.Tasks++
	l.Buckets[bucketOf(d.Seconds())]++
	l.Max = max(l.Max, d.Seconds())
}

// add returns the sum of two.
func (l Latency) add(m Latency) Latency {
	sum := Latency{Tasks: l.Tasks + m.Tasks, Max: max(l.Max, m.Max), Buckets: map[int]int64{}}
	for _, one := range []Latency{l, m} {
		for bucket, n := range one.Buckets {
			sum.Buckets[bucket] += n
		}
	}
	return sum.told()
}

// told returns a copy whose quantiles are those of the buckets.
func (l Latency) told() Latency {
	l.Buckets = maps.Clone(l.Buckets)
	l.P50, l.P99 = l.quantile(0.5), l.quantile(0.99)
	return l
}

// quantile returns the time that a share of the tasks did not exceed.
func (l *Latency) quantile(share float64) float64 {
	rank, seen := int64(math.Ceil(share*float64(l.Tasks))), int64(0)
	for bucket := range buckets {
		if seen += l.Buckets[bucket]; seen >= rank && seen > 0 {
			return min(l.Max, bound(bucket))
		}
	}
	return l.Max
}

// bound is the longest time of a bucket, in seconds.
func bound(bucket int) float64 { return shortest * math.Pow(growth, float64(bucket)) }

// Within returns how many tasks surely took at most so many seconds.
func (l *Latency) Within(seconds float64) (tasks int64) {
	for bucket, n := range l.Buckets {
		if bound(bucket) <= seconds {
			tasks += n
		}
	}
	return tasks
}
