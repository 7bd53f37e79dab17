package main

import (
	"bytes"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"muster/history"
)

// printReport prints what a backfill did and what came out.
func printReport(out io.Writer, r *history.Report, output string) error {
	if output == "json" {
		return printJSON(out, r)
	}
	var b bytes.Buffer
	s := r.Summary
	line(&b, "Members as of %s are in %s\n\n", s.AsOf, r.Folder)
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	line(table, "segment\tmembers\n")
	for _, one := range s.Segments {
		line(table, "%s\t%d\n", one.ID, one.Members)
	}
	line(table, "\nprofiles\t%d\n", s.Profiles)
	line(table, "events\t%d of %d objects\n", s.Events, s.Objects)
	line(table, "rows\t%d applied, %d repeats, %d arrived later\n", r.Applied, r.Repeats, r.Later)
	line(table, "dead letters\t%d; %d more refused by bounds of profiles\n", s.DeadLetters, s.Refused)
	line(table, "read\t%s\n", costText(r.Read))
	line(table, "not read again\t%s\n", costText(r.Saved))
	line(table, "left out\t%d objects outside of the days, %d that the layout does not read\n", r.Archive.OutOfDays.Objects, r.Archive.Foreign.Objects)
	from := ""
	if r.From != "" {
		from = ", going on from " + r.From
	}
	line(table, "replayed now\t%d rows into %d slices%s; %d slices were there\n", r.Rows, r.Slices, from, r.SlicesSaved)
	printCost(table, r)
	line(table, "seconds\t%.1f plan, %.1f index, %.1f evaluate, %.1f gather\n", r.Plan, r.Index, r.Evaluate, r.Gather)
	_ = table.Flush()
	printWarnings(&b, s)
	_, err := b.WriteTo(out)
	return wrap("writing output", err)
}

// printWarnings tells which objects are not as they should be.
func printWarnings(out io.Writer, s *history.Summary) {
	for _, broken := range s.Broken {
		line(out, "warning: %s\n", broken)
	}
	for _, key := range s.Ahead {
		line(out, "warning: %s has events that say they arrived after it was written; look at the clock that gave receivedAt\n", key)
	}
}

// line writes into memory, where nothing fails.
func line(out io.Writer, format string, values ...any) { _, _ = fmt.Fprintf(out, format, values...) }

func costText(c history.Cost) string {
	return fmt.Sprintf("%d objects, %s, %d events", c.Objects, short(c.Bytes, "B"), c.Events)
}

// printOutline prints what a backfill would do.
func printOutline(out io.Writer, o *history.Outline, output string) error {
	if output == "json" {
		return printJSON(out, o)
	}
	var b bytes.Buffer
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	line(table, "state\tnumber\twhat\tto read\twhy\n")
	for _, n := range o.Nodes {
		line(table, "%s\t%d\t%s\t%s\t%s\n", n.State, n.Count, n.Label, short(n.Bytes, "B"), n.Why)
	}
	_ = table.Flush()
	if o.Sample != nil {
		sampleLines(&b, o.Sample)
	}
	_, err := b.WriteTo(out)
	return wrap("writing output", err)
}

// sampleLines tell what a sample says of all objects.
func sampleLines(out io.Writer, s *history.Sample) {
	table, e := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0), &s.Estimate
	line(out, "\nBy a sample of %d objects, %s with %d events of %d profiles, all come to about\n\n", s.Objects, short(s.Bytes, "B"), s.Events, s.Profiles)
	line(table, "events\t%d\n", e.Events)
	line(table, "profiles\t%d to %d\n", e.FewProfiles, e.ManyProfiles)
	line(table, "heaviest profile\t%s, %.1f %% of the events\n", e.Heaviest, 100*e.HeaviestShare)
	line(table, "sorted runs\t%s\n", short(e.RunBytes, "B"))
	line(table, "slices\t%s at most\n", short(e.SliceBytes, "B"))
	line(table, "time that is left\t%s to index, %s to evaluate\n", leftText(e.IndexSeconds), leftText(e.EvaluateSeconds))
	_ = table.Flush()
}

func leftText(s history.Seconds) string {
	return time.Duration(float64(s) * float64(time.Second)).Round(100 * time.Millisecond).String()
}
