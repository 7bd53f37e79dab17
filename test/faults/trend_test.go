package faults

import (
	"math"
	"testing"
	"time"
)

func TestTrend(t *testing.T) {
	for name, test := range map[string]struct {
		values       []float64
		mean, growth float64
	}{
		"none":    {nil, 0, 0},
		"one":     {[]float64{5}, 5, 0},
		"flat":    {[]float64{5, 5, 5, 5}, 5, 0},
		"growing": {[]float64{8, 9, 10, 11, 12}, 10, 0.4},
		"falling": {[]float64{12, 10, 8}, 10, -0.4},
		"noise":   {[]float64{9, 11, 11, 9}, 10, 0},
	} {
		var samples []sample
		for i, v := range test.values {
			samples = append(samples, sample{at: time.UnixMilli(int64(i) * 60_000), rss: v})
		}
		mean, growth := trend(samples, func(s *sample) float64 { return s.rss })
		if math.Abs(mean-test.mean) > 1e-9 || math.Abs(growth-test.growth) > 1e-9 {
			t.Errorf("%s: mean %v, growth %v; want %v, %v", name, mean, growth, test.mean, test.growth)
		}
	}
}

func TestMeans(t *testing.T) {
	var samples []sample
	for i := range 7 {
		v := float64(i)
		samples = append(samples, sample{at: time.UnixMilli(int64(i)), rss: v, goroutines: 2 * v, redis: 3 * v, lag: 4 * v})
	}
	got := means(samples, 3)
	want := []sample{{time.UnixMilli(0), 1, 2, 3, 4}, {time.UnixMilli(3), 4, 8, 12, 16}}
	if len(got) != len(want) {
		t.Fatalf("%d means, want %d", len(got), len(want))
	}
	for i := range got {
		for _, d := range []float64{got[i].rss - want[i].rss, got[i].goroutines - want[i].goroutines, got[i].redis - want[i].redis, got[i].lag - want[i].lag} {
			if got[i].at != want[i].at || math.Abs(d) > 1e-9 {
				t.Errorf("mean %d is %+v, want %+v", i, got[i], want[i])
			}
		}
	}
}
