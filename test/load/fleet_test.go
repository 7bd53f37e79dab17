package load

import (
	"strings"
	"time"
)

// fleet is the processes that share out the shards of a run.
type fleet []*service

func (f fleet) stop() {
	for _, s := range f {
		s.stop()
	}
}

// check fails the test when one of them has ended by itself.
func (f fleet) check() {
	for _, s := range f {
		s.t.Helper()
		s.check()
	}
}

// cpu returns the CPU time that all of them have used.
func (f fleet) cpu() (sum time.Duration) {
	for _, s := range f {
		s.t.Helper()
		sum += s.cpu()
	}
	return sum
}

// resident returns the memory that all of them hold, in bytes.
func (f fleet) resident() (sum float64) {
	for _, s := range f {
		s.t.Helper()
		sum += s.resident()
	}
	return sum
}

// metrics returns the sums of all metrics.
func (f fleet) metrics() map[string]float64 {
	sums := map[string]float64{}
	for _, s := range f {
		s.t.Helper()
		for name, value := range s.metrics() {
			sums[name] += value
		}
	}
	return sums
}

func (f fleet) tail() string {
	var tails []string
	for _, s := range f {
		tails = append(tails, s.tail())
	}
	return strings.Join(tails, "\n")
}

// owned is how many shards each of them has.
func (f fleet) owned() []int {
	owned := make([]int, len(f))
	for i, s := range f {
		owned[i] = s.owned()
	}
	return owned
}
