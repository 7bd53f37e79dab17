package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"

	"muster/insights"
)

// tell tells a profile in the form that was asked for.
func (cmd *insightsProfile) tell(c console, p *insights.Profile) error {
	p = p.Told(cmd.Top, cmd.All)
	switch {
	case cmd.JSON:
		return printJSON(c.out, p)
	case cmd.CSV:
		return p.WriteCSV(c.out)
	}
	line(c.out, "%d profiles, %s\n", p.Profiles, heldOf(p.Held, p.Profiles))
	line(c.out, "%s (%s) against %s (%s)\n", p.Audience.Name, sized(p, &p.Audience), p.Against.Name, sized(p, &p.Against))
	if p.Against.Both > 0 {
		line(c.out, "%d of %s are in %s too and count there alone\n", p.Against.Both, p.Against.Name, p.Audience.Name)
	}
	line(c.out, "%d of %d comparisons differ by more than chance\n", p.Differ, p.Compared)
	left := 0
	if !cmd.All {
		left = p.Differ - len(p.Findings)
	}
	return printComparisons(c, p.Findings, left)
}

// printComparisons prints comparisons for people, and how many were left out.
func printComparisons(c console, findings []insights.Finding, left int) error {
	if len(findings) == 0 {
		return nil
	}
	table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	line(table, "\nwhat\taudience\tagainst\tindex\t   from\t     to\tless   more\n")
	for i := range findings {
		f := &findings[i]
		index := indexText(f.Index)
		if f.InAgainst == 0 {
			index = "only"
		}
		line(table, "%s\t%6.1f %%\t%5.1f %%\t%5s\t%7s\t%7s\t%s\n", f.Label(), 100*f.Share, 100*f.ShareAgainst,
			index, indexText(f.IndexLow), indexText(f.IndexHigh), sidewaysBar(f.Index))
	}
	if left > 0 {
		line(table, "and %d more that differ, which --top and --all tell\n", left)
	}
	return wrap("writing output", table.Flush())
}

// sized tells how large an audience is.
func sized(p *insights.Profile, one *insights.Side) string {
	if p.Held == p.Profiles {
		return fmt.Sprint(one.Estimate)
	}
	return fmt.Sprintf("about %d, %d to %d", one.Estimate, one.Low, one.High)
}

// indexText is an index for people: none where it is infinite.
func indexText(x insights.Index) string {
	switch v := float64(x); {
	case math.IsInf(v, 0) || math.IsNaN(v):
		return "-"
	case v > 0 && v < 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
}

// The bars of a table.
const (
	barCells     = 7   // of each side
	barDoublings = 3.0 // of the longest bar
)

// sidewaysBar is a bar to the left for what is less frequent and one to the
// right for what is more. They are of different signs, as not everybody sees
// colours.
func sidewaysBar(x insights.Index) string {
	away := math.Log2(float64(x) / 100)
	cells := 0
	if !math.IsNaN(away) {
		cells = int(math.Ceil(barCells * min(1, math.Abs(away)/barDoublings)))
	}
	if away < 0 {
		return strings.Repeat(" ", barCells-cells) + strings.Repeat("▒", cells)
	}
	return strings.TrimRight(strings.Repeat(" ", barCells)+strings.Repeat("█", cells), " ")
}
