package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"muster/cmd/evaluator/rehearsal"
)

// printFigures prints what a rehearsal found out.
func printFigures(out io.Writer, f *rehearsal.Figures, cmd *rehearseCommand) error {
	if cmd.Output == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		return wrap("writing output", encoder.Encode(f))
	}
	t := &figureTable{Writer: tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)}
	t.sample(f, cmd.Sample)
	t.stages(f)
	t.sizes(f)
	t.sizing(&f.Sizing, f.Redis.Total)
	if t.err == nil {
		t.err = t.Flush()
	}
	return wrap("writing output", t.err)
}

// fewRecords is below what a sample should have.
const fewRecords = 10_000

// figureTable writes figures for people and keeps the first error.
type figureTable struct {
	*tabwriter.Writer
	err error
}

func (t *figureTable) printf(format string, values ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.Writer, format, values...)
	}
}

func (t *figureTable) sample(f *rehearsal.Figures, name string) {
	s, m := &f.Sample, &f.Measured
	t.printf("%s under %s: %s, %s of %s over %s\n", name, number(f.Segments, "segment"),
		number(s.Records, "record"), number(s.Events, "event"), number(s.Profiles, "profile"), time.Duration(s.Seconds)*time.Second)
	if s.Cut {
		t.printf("only the first %.0f MB of it are used\n", float64(s.Bytes)/(1<<20))
	}
	if s.Refused > 0 {
		t.printf("%d refused:\n", s.Refused)
	}
	for _, r := range s.Refusals {
		t.printf("  %d like %s:%d: %s\n", r.Records, name, r.Line, r.Reason)
	}
	if s.Records < fewRecords {
		t.printf("fewer than %d records: the same profiles come again in every batch, which is cheaper than your traffic\n", fewRecords)
	}
	t.printf("played %.1f times, %d events measured\n", m.Plays, m.Events)
	if !m.Warm {
		t.printf("the time was too short for playing it once before measuring: profiles are young, give more with --for\n")
	}
}

func (t *figureTable) stages(f *rehearsal.Figures) {
	u := &f.Micros
	t.printf("\n%.0f events/s a core\n\n", f.PerCore)
	t.printf("us/event\tread\tdecode\tload\tapply\tmatch\tcommit\tgc\ttotal\t\n")
	t.printf("\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t\n", u.Read, u.Decode, u.Load, u.Apply, u.Match, u.Commit, u.GC, u.Total)
}

func (t *figureTable) sizes(f *rehearsal.Figures) {
	e, p, r := &f.PerEvent, &f.Profile, &f.Redis
	t.printf("\nan event\tmemberships changed\tprofiles written\tprofiles loaded\trepeats\t\n")
	t.printf("\t%.3f\t%.3f\t%.3f\t%.3f\t\n", e.Changes, e.Written, e.Loaded, e.Repeats)
	t.printf("\na profile, bytes\tstored p50\tp99\tin memory p50\tp99\t\n")
	t.printf("\t%d\t%d\t%d\t%d\t\n", p.StoredP50, p.StoredP99, p.MemoryP50, p.MemoryP99)
	t.printf("\nin Redis, bytes\tprofile\ttimer\tmemberships\ttotal\t\n")
	t.printf("\t%.0f\t%.0f\t%.0f\t%.0f\t\n", r.Profile, r.Timers, r.Memberships, r.Total)
}

func (t *figureTable) sizing(s *rehearsal.Sizing, profile float64) {
	t.printf("\nAn estimate for %d profiles of %.0f bytes in Redis, with %.0f %% of every core left free. To the stages come\n",
		s.Profiles, profile, 100*(1-s.Headroom))
	t.printf("%.1f us an event for Kafka's and Redis' clients; Redis takes %.1f us (docs/scaling.md). Without replicas.\n\n", s.ServersUS, s.RedisUS)
	t.printf("events/s\tevaluator cores\tshards\tRedis nodes\tRedis GB\tand reach, GB at most\t\n")
	for _, n := range s.Rows {
		t.printf("%d\t~%d\t~%d\t~%d\t~%.1f\t~%.1f\t\n", n.EventsPerSecond, n.Cores, n.Shards, n.RedisNodes, n.RedisGB, n.ReachGB)
	}
}
