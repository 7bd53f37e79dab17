// Command bench measures how fast Muster finds out whose memberships an
// event changes, beside loops over the programs of expr and CEL.
//
// It promises that nothing is measured that was not verified in the same
// run, and that everything one line of output compares was measured in one
// process, in turns, in CPU time of one thread.
//
// The trap: only ratios of one line can be compared between machines, or on
// one that others use too.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
)

// bench is a run of the command.
type bench struct {
	segments []int // numbers of segments, each measured by itself
	events   int   // measured per number of segments
	part     string
	strict   bool
	profile  string
	out      io.Writer // JSON lines
	report   io.Writer
	missed   int // goals
}

func main() {
	b := bench{out: os.Stdout, report: os.Stderr}
	if err := b.flags(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if err := b.run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if b.strict && b.missed > 0 {
		os.Exit(1)
	}
}

func (b *bench) flags(args []string) error {
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	numbers := set.String("segments", "1000,5000,10000,50000", "numbers of segments, with commas between them")
	set.IntVar(&b.events, "events", 60_000, "events measured per number of segments")
	set.StringVar(&b.part, "part", "", "match or match-shop; empty for both")
	set.BoolVar(&b.strict, "strict", false, "exit with 1 when a goal is missed")
	set.StringVar(&b.profile, "cpuprofile", "", "file to write a CPU profile to; its samples carry the label measure")
	if err := set.Parse(args); err != nil {
		return fmt.Errorf("reading flags: %w", err)
	}
	for text := range strings.SplitSeq(*numbers, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return fmt.Errorf("reading flags: -segments: %q is not a number of segments", text)
		}
		b.segments = append(b.segments, n)
	}
	return nil
}

// parts are the parts by name, in the order in which all are run.
var parts = []struct {
	name string
	run  func(*bench) error
}{
	{"match", (*bench).match},
	{"match-shop", (*bench).shop},
}

func (b *bench) run() error {
	runtime.LockOSThread()
	if b.profile != "" {
		stop, err := startProfile(b.profile)
		if err != nil {
			return err
		}
		defer stop()
	}
	ran := false
	for _, p := range parts {
		if b.part == "" || b.part == p.name {
			ran = true
			if err := p.run(b); err != nil {
				return fmt.Errorf("running %s: %w", p.name, err)
			}
		}
	}
	if !ran {
		return fmt.Errorf("there is no part %q", b.part)
	}
	return nil
}

func startProfile(file string) (stop func(), err error) {
	f, err := os.Create(file)
	if err != nil {
		return nil, fmt.Errorf("creating a CPU profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, fmt.Errorf("starting a CPU profile: %w", err)
	}
	return func() {
		pprof.StopCPUProfile()
		if err := f.Close(); err != nil {
			fmt.Fprintf(os.Stderr, "closing the CPU profile: %v\n", err)
		}
	}, nil
}
