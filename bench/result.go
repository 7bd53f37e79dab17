package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
)

// result is one line of output. Figures that a part does not measure are
// left out.
type result struct {
	Bench               string   `json:"bench"`
	Segments            int      `json:"segments"`
	IncrementalUs       float64  `json:"incremental_us"`
	FullUs              float64  `json:"full_us"`
	ExprUs              float64  `json:"expr_us,omitzero"`
	CELUs               float64  `json:"cel_us,omitzero"`
	IncrementalVersus   float64  `json:"incremental_vs_expr,omitzero"`
	FullVersusExpr      float64  `json:"full_vs_expr,omitzero"`
	FullVersusCEL       float64  `json:"full_vs_cel,omitzero"`
	AllocationsPerEvent float64  `json:"allocs_per_event"`
	BytesPerRule        float64  `json:"bytes_per_rule"`
	CompileUsPerRule    float64  `json:"compile_us_per_rule"`
	FlipsPerEvent       float64  `json:"flips_per_event"`
	UpdateUs            float64  `json:"update_us,omitzero"`
	DeadlineUs          float64  `json:"deadline_us,omitzero"`
	WakesPerEvent       *float64 `json:"wakes_per_event,omitempty"`
}

// write prints a result as one JSON line, rounded to four digits behind the
// point.
func (r result) write(to io.Writer) error {
	for _, f := range []*float64{
		&r.IncrementalUs, &r.FullUs, &r.ExprUs, &r.CELUs, &r.IncrementalVersus, &r.FullVersusExpr, &r.FullVersusCEL,
		&r.AllocationsPerEvent, &r.BytesPerRule, &r.CompileUsPerRule, &r.FlipsPerEvent, &r.UpdateUs, &r.DeadlineUs,
	} {
		*f = math.Round(*f*1e4) / 1e4
	}
	if err := json.NewEncoder(to).Encode(r); err != nil {
		return fmt.Errorf("writing a result: %w", err)
	}
	return nil
}

// goal is a bound that a figure must keep.
type goal struct {
	segments int // 0 for every number of segments
	figure   string
	of       func(r result) float64
	least    float64
	most     float64
}

// goals are what the match part must reach. The absolute times are left out:
// they depend on the machine.
var goals = []goal{
	{10_000, "incremental_vs_expr", func(r result) float64 { return r.IncrementalVersus }, 1000, math.Inf(1)},
	{50_000, "incremental_vs_expr", func(r result) float64 { return r.IncrementalVersus }, 4000, math.Inf(1)},
	{10_000, "full_vs_expr", func(r result) float64 { return r.FullVersusExpr }, 100, math.Inf(1)},
	{50_000, "full_vs_expr", func(r result) float64 { return r.FullVersusExpr }, 250, math.Inf(1)},
	{10_000, "allocs_per_event", func(r result) float64 { return r.AllocationsPerEvent }, 0, 0.005},
	{50_000, "allocs_per_event", func(r result) float64 { return r.AllocationsPerEvent }, 0, 0.005},
	{50_000, "bytes_per_rule", func(r result) float64 { return r.BytesPerRule }, 0, 500},
	{50_000, "compile_us_per_rule", func(r result) float64 { return r.CompileUsPerRule }, 0, 30},
}

// missed reports every goal of a result, and returns how many it misses.
func (r result) missed(report io.Writer) int {
	n := 0
	for _, g := range goals {
		if g.segments != r.Segments {
			continue
		}
		verdict := "reached"
		if f := g.of(r); f < g.least || f > g.most {
			verdict = "MISSED"
			n++
		}
		bound := fmt.Sprintf(">= %g", g.least)
		if !math.IsInf(g.most, 1) {
			bound = fmt.Sprintf("<= %g", g.most)
		}
		_, _ = fmt.Fprintf(report, "match, %d segments: %s %.4g, wanted %s: %s\n", r.Segments, g.figure, g.of(r), bound, verdict)
	}
	return n
}
