package faults

import (
	"strconv"
	"strings"
	"time"
)

// sample is what the service holds at one time.
type sample struct {
	at         time.Time
	rss        float64 // bytes of the witness
	goroutines float64 // of the witness
	redis      float64 // bytes
	lag        float64 // records not committed
}

func (s *service) sample() {
	s.t.Helper()
	one := sample{at: time.Now()}
	var err error
	one.rss, err = s.witness.Metric("process_resident_memory_bytes")
	s.must(err)
	one.goroutines, err = s.witness.Metric("go_goroutines")
	s.must(err)
	info, err := s.direct[0].Info(s.t.Context(), "memory").Result()
	s.must(err)
	for line := range strings.Lines(info) {
		if text, found := strings.CutPrefix(line, "used_memory:"); found {
			one.redis, err = strconv.ParseFloat(strings.TrimSpace(text), 64)
			s.must(err)
		}
	}
	ends, err := s.system.Ends(s.system.Keyed)
	s.must(err)
	for shard, next := range s.offsets() {
		one.lag += float64(ends[shard] - next)
	}
	s.samples = append(s.samples, one)
}

// means returns the mean of every n samples, of what is left at the end none.
func means(samples []sample, n int) []sample {
	var list []sample
	for ; len(samples) >= n; samples = samples[n:] {
		one := sample{at: samples[0].at}
		for _, s := range samples[:n] {
			one.rss += s.rss / float64(n)
			one.goroutines += s.goroutines / float64(n)
			one.redis += s.redis / float64(n)
			one.lag += s.lag / float64(n)
		}
		list = append(list, one)
	}
	return list
}

// trend returns the mean of a quantity and, by least squares, how much it
// grows over all samples, as a part of the mean.
func trend(samples []sample, of func(*sample) float64) (mean, growth float64) {
	if len(samples) == 0 {
		return 0, 0
	}
	n := float64(len(samples))
	var middle float64
	for i := range samples {
		mean += of(&samples[i]) / n
		middle += samples[i].at.Sub(samples[0].at).Seconds() / n
	}
	var with, square float64
	for i := range samples {
		x := samples[i].at.Sub(samples[0].at).Seconds() - middle
		with += x * of(&samples[i])
		square += x * x
	}
	if square == 0 || mean == 0 {
		return mean, 0
	}
	return mean, with / square * samples[len(samples)-1].at.Sub(samples[0].at).Seconds() / mean
}
