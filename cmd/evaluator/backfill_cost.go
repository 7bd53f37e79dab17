package main

import (
	"fmt"
	"io"
	"strings"

	"muster/history"
	"muster/history/account"
)

// printCost prints what a request has cost, and what it did not have to do.
func printCost(out io.Writer, r *history.Report) {
	a := &r.Account
	line(out, "scanned\t%s, in %s; %d calls sent again\n", volumeText(a.Scanned), plural(a.Attempts, "attempt"), a.Retries)
	line(out, "billable\t%s\n", volumeText(a.Billable))
	var stages []string
	for _, s := range a.Stages {
		stages = append(stages, fmt.Sprintf("%.1f %s", s.Seconds, s.Name))
	}
	line(out, "engine seconds\t%s\n", strings.Join(stages, ", "))
	for _, s := range a.Stages {
		line(out, "tasks of %s\t%d: half took up to %.3f s, 99%% %.3f s, the longest %.3f s\n", s.Name, s.Tasks, s.P50, s.P99, s.Max)
	}
	saved := &r.Savings
	text := fmt.Sprintf("%s not read, %d slices not replayed", short(saved.Bytes, "B"), saved.Slices)
	if saved.Seconds > 0 {
		text += fmt.Sprintf(": some %.1f engine seconds", saved.Seconds)
	}
	line(out, "saved\t%s\n", text)
}

func volumeText(v account.Volume) string {
	return fmt.Sprintf("%d objects, %s, %d events", v.Objects, short(v.Bytes, "B"), v.Events)
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
