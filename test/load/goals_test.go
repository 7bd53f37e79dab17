package load

import (
	"fmt"
	"math"
)

// goal is a bound that a figure of some case must keep. Where the figure was
// not measured there is nothing to keep.
type goal struct {
	population string
	segments   int // of engine
	figure     string
	of         func(*result) float64
	least      float64
	most       float64
}

// rssBeside is the memory beside the cache, in MB.
const rssBeside = 600

// goals are what the engine must reach.
var goals = append(goalsOf("hot", 0.85, 0.75, 150, 20, 1), goalsOf("cold", 0.9, 0.6, 100, 40, 3)...)

func goalsOf(population string, vsZero, vsFloor, vsNaive, p99, allocations float64) []goal {
	p99ms := func(r *result) float64 { return r.P99 }
	allocs := func(r *result) float64 { return r.Allocations }
	beside := func(r *result) float64 { return r.RSS - r.CacheMB }
	most := math.Inf(1)
	return []goal{
		{population, 10_000, "vs_zero", func(r *result) float64 { return r.VsZero }, vsZero, most},
		{population, 0, "vs_floor", func(r *result) float64 { return r.VsFloor }, vsFloor, most},
		{population, 10_000, "vs_naive", func(r *result) float64 { return r.VsNaive }, vsNaive, most},
		{population, 0, "p99_ms", p99ms, 0, p99},
		{population, 10_000, "p99_ms", p99ms, 0, p99},
		{population, 0, "allocs_per_event", allocs, 0, allocations},
		{population, 10_000, "allocs_per_event", allocs, 0, allocations},
		{population, 0, "rss_mb - cache_mb", beside, math.Inf(-1), rssBeside},
		{population, 10_000, "rss_mb - cache_mb", beside, math.Inf(-1), rssBeside},
	}
}

// missed says which goals a result misses.
func missed(r *result) []string {
	var list []string
	for _, g := range goals {
		if r.Case != engine || g.population != r.Population || g.segments != r.Segments {
			continue
		}
		f := g.of(r)
		switch {
		case f == 0 && g.least > 0: // not measured
		case f < g.least:
			list = append(list, fmt.Sprintf("%s, %d segments: %s is %.3g, it must be at least %g", r.Population, r.Segments, g.figure, f, g.least))
		case f > g.most:
			list = append(list, fmt.Sprintf("%s, %d segments: %s is %.3g, it must be at most %g", r.Population, r.Segments, g.figure, f, g.most))
		}
	}
	return list
}
