package load

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"
)

// result is one line of output: the medians of a case. A ratio is the median
// of the ratios of each round, left out where the other case was not measured.
type result struct {
	Bench      string `json:"bench"`
	Population string `json:"population"`
	Case       string `json:"case"`
	Segments   int    `json:"segments"`
	figures
	VsFloor  float64 `json:"vs_floor,omitzero"`
	VsZero   float64 `json:"vs_zero,omitzero"`
	VsNaive  float64 `json:"vs_naive,omitzero"`
	Profiles int     `json:"profiles"`
	CacheMB  float64 `json:"cache_mb"` // bound of all shards together
	Shards   int     `json:"shards"`
	Repeats  int     `json:"repeats"`
}

// rounds are the figures of every case of a population, round by round.
type rounds map[contender][]figures

// results makes a line of every case.
func (all rounds) results(p population, order []contender) []result {
	var list []result
	for _, c := range order {
		r := result{
			Bench: "e2e", Population: p.name, Case: c.name, Segments: c.segments, figures: medians(all[c]),
			Profiles: p.profiles, CacheMB: float64(shards*p.cache) / (1 << 20), Shards: shards, Repeats: len(all[c]),
		}
		r.VsFloor = all.ratio(c, contender{name: floor})
		r.VsZero = all.ratio(c, contender{engine, 0})
		r.VsNaive = all.ratio(c, contender{naive, c.segments})
		r.round()
		list = append(list, r)
	}
	return list
}

// ratio is how many times as fast one case is as another, 0 when either was
// not measured.
func (all rounds) ratio(one, other contender) float64 {
	if len(all[one]) == 0 || len(all[other]) == 0 {
		return 0
	}
	ratios := make([]float64, len(all[one]))
	for i := range ratios {
		ratios[i] = all[one][i].EventsPerSecond / all[other][i].EventsPerSecond
	}
	return median(ratios)
}

func median(values []float64) float64 {
	return slices.Sorted(slices.Values(values))[len(values)/2]
}

// numbers are all figures, for what is done to each.
func (f *figures) numbers() []*float64 {
	return []*float64{
		&f.EventsPerSecond, &f.P50, &f.P99, &f.P999, &f.AckP99, &f.CPU, &f.HalfCPU, &f.RedisCPU, &f.RedisBytes, &f.Allocations, &f.AllocatedBytes,
		&f.RSS, &f.Changes, &f.Delivered, &f.Written, &f.Loaded, &f.ProfileBytes,
	}
}

func medians(of []figures) figures {
	var m figures
	for i, number := range m.numbers() {
		values := make([]float64, len(of))
		for k := range of {
			values[k] = *of[k].numbers()[i]
		}
		*number = median(values)
	}
	return m
}

// round leaves three digits behind the point.
func (r *result) round() {
	for _, f := range append(r.numbers(), &r.VsFloor, &r.VsZero, &r.VsNaive) {
		*f = rounded(*f)
	}
}

// rounded leaves three digits behind the point.
func rounded(f float64) float64 { return math.Round(f*1e3) / 1e3 }

func (r *result) write(to io.Writer) error {
	if err := json.NewEncoder(to).Encode(r); err != nil {
		return fmt.Errorf("writing a result: %w", err)
	}
	return nil
}

// table prints results for people.
func table(to io.Writer, results []result) {
	t := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(t, "population\tcase\tevents/s\tCPU us\tRedis us\tRedis B\tallocs\tp50 ms\tp99 ms\tp99.9 ms\tRSS MB\tchanges\tvs floor\tvs zero\tvs naive\t")
	for _, r := range results {
		_, _ = fmt.Fprintf(t, "%s\t%s\t%.0f\t%.1f\t%.1f\t%.0f\t%.1f\t%.1f\t%.1f\t%.1f\t%.0f\t%.2f\t%s\t%s\t%s\t\n",
			r.Population, contender{r.Case, r.Segments}, r.EventsPerSecond, r.CPU, r.RedisCPU, r.RedisBytes, r.Allocations,
			r.P50, r.P99, r.P999, r.RSS, r.Changes, ratio(r.VsFloor), ratio(r.VsZero), ratio(r.VsNaive))
	}
	_ = t.Flush() // nobody reads it if standard error is gone
}

func ratio(f float64) string {
	if f == 0 {
		return "-"
	}
	return fmt.Sprintf("%.3g", f)
}
