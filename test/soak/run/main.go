// Command run is the soak: it holds the rule engine against the oracle over
// a given number of decisions, by default a billion.
//
//	MUSTER_DECISIONS   decisions to make, default 1,000,000,000
//	MUSTER_SEED        seed to begin with, default 1
//	MUSTER_WORKERS     cases compared at the same time, default GOMAXPROCS
//
// Progress goes to stderr every ten seconds, and so does every mismatch, as
// a script for rules/testdata. When it is interrupted it says which seed to
// go on from. One JSON line with the outcome goes to stdout:
//
//	{"bench":"soak","decisions":1000001200,"at_instants":2169000000,"changes":92000000,"mismatches":0,"seconds":9000.1}
//
// Decisions are the answers of all rules after every event that is not a
// repeat. At_instants are those, not counted as decisions, that the oracle
// gave at instants of time, each of a rule whose answer may flip there. Every
// answer was held against the engine's, changes are those that differ from
// the one before.
//
// It fails on any mismatch, and when it did not come to its end.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"muster/test/soak"
)

const (
	defaultDecisions = 1_000_000_000
	defaultSeed      = 1
	reportEvery      = 10 * time.Second
	stopAt           = 10 // mismatches: more of them teach nothing
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	debug.SetGCPercent(1600) // the oracle makes little but garbage, some 100 MB at that
	err := run(ctx, os.Getenv, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

// outcome is the JSON line.
type outcome struct {
	Bench      string  `json:"bench"`
	Decisions  int64   `json:"decisions"`
	AtInstants int64   `json:"at_instants"`
	Changes    int64   `json:"changes"`
	Mismatches int     `json:"mismatches"`
	Seconds    float64 `json:"seconds"`
}

func run(ctx context.Context, getenv func(string) string, out, log io.Writer) error {
	decisions, err := number(getenv, "MUSTER_DECISIONS", defaultDecisions)
	if err != nil {
		return err
	}
	seed, err := number(getenv, "MUSTER_SEED", defaultSeed)
	if err != nil {
		return err
	}
	workers, err := number(getenv, "MUSTER_WORKERS", int64(runtime.GOMAXPROCS(0)))
	if err != nil {
		return err
	}
	config := soak.Config{Decisions: decisions, Seed: uint64(seed), Workers: int(workers), Stop: stopAt}
	r := soak.NewRunner(config, soak.NewShard, func(failure error) { say(log, "%v", failure) })
	done := make(chan struct{})
	quiet := watch(r, decisions, done, log)
	p, err := r.Run(ctx)
	close(done)
	<-quiet
	if err != nil {
		return err
	}
	line := outcome{"soak", p.Decisions(), p.AtInstants, p.Changes, p.Mismatches, float64(p.Elapsed.Milliseconds()) / 1000}
	if err := json.NewEncoder(out).Encode(line); err != nil {
		return fmt.Errorf("writing the outcome: %w", err)
	}
	switch {
	case p.Mismatches > 0:
		return fmt.Errorf("%d mismatches", p.Mismatches)
	case p.Decisions() < decisions:
		say(log, "to go on: MUSTER_SEED=%d MUSTER_DECISIONS=%d make soak", p.Next, decisions-p.Before)
		return errors.New("interrupted")
	}
	return nil
}

// say writes a line of the log. A log that can't be written is no reason to
// stop.
func say(log io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(log, format+"\n", args...)
}

func number(getenv func(string) string, name string, fallback int64) (int64, error) {
	text := getenv(name)
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%s: %q is not a whole number above 0", name, text)
	}
	return n, nil
}

// watch reports progress until done is closed; then it closes what it
// returns.
func watch(r *soak.Runner, decisions int64, done <-chan struct{}, log io.Writer) <-chan struct{} {
	quiet := make(chan struct{})
	go func() {
		defer close(quiet)
		tick := time.NewTicker(reportEvery)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				say(log, "%s", describe(r.Progress(), decisions))
			}
		}
	}()
	return quiet
}

// describe writes progress as one line.
func describe(p soak.Progress, decisions int64) string {
	rate := float64(p.Decisions()) / p.Elapsed.Seconds()
	left := "unknown"
	if rate > 0 {
		left = time.Duration(float64(max(0, decisions-p.Decisions())) / rate * float64(time.Second)).Round(time.Second).String()
	}
	return fmt.Sprintf("%d of %d decisions, %.0f a second, %s to go, %d mismatches, at seed %d", p.Decisions(), decisions, rate, left, p.Mismatches, p.Next)
}
