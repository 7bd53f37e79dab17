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
