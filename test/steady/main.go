// Command steady runs the tests of packages again and again under conditions
// that other machines have, and fails when any test fails:
//
//	idle    with nothing beside
//	busy    while every core is kept busy by somebody else
//	single  with GOMAXPROCS=1, as on a machine with one core
//	beside  two suites side by side, as two people on one machine
//
//	go run ./test/steady -count 2 ./test/e2e ./sink
//
// It prints a line for every run, with how long it took and which package
// longest, all that a package printed whose tests failed, and as the last line
// one of JSON:
//
//	{"steady":true,"modes":["idle","busy","single","beside"],"rounds":2,"seed":1,"runs":10,"failures":0,"seconds":512.4}
//
// The tests of a package are shuffled by a seed of each run; a line says
// which, and go test -shuffle=SEED takes it. It must run in the root of the
// repository.
//
// The trap: a suite that starts servers needs more than a core for itself, so
// busy and beside take two to three times as long as idle.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "steady:", err)
		os.Exit(1)
	}
}

func run(arguments []string, out io.Writer) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	s := suite{out: out}
	flags := flag.NewFlagSet("steady", flag.ContinueOnError)
	flags.IntVar(&s.rounds, "count", 1, "how often each mode runs")
	flags.Uint64Var(&s.seed, "seed", 1, "the seed that the first run's tests are shuffled by; later ones count on from it")
	modes := flags.String("modes", strings.Join(names(), ","), "which modes run, with commas between them")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if s.rounds < 1 {
		return fmt.Errorf("-count is %d, it must be at least 1", s.rounds)
	}
	packages := flags.Args()
	if len(packages) == 0 {
		packages = []string{"./..."}
	}
	if err := s.choose(*modes); err != nil {
		return err
	}
	return s.runAll(ctx, packages)
}

// runAll builds the tests of the packages, and runs every mode in every round.
func (s *suite) runAll(ctx context.Context, packages []string) error {
	folder, err := os.MkdirTemp("", "steady")
	if err != nil {
		return fmt.Errorf("making room for the tests' programs: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	programs, err := build(ctx, folder, packages)
	if err != nil {
		return err
	}
	s.test = func(ctx context.Context, environment []string, seed uint64) ([]byte, error) {
		return test(ctx, programs, environment, seed)
	}
	return s.run(ctx)
}

// suite is how the packages are run.
type suite struct {
	modes  []mode
	rounds int
	seed   uint64 // of the next run
	out    io.Writer
	test   func(ctx context.Context, environment []string, seed uint64) ([]byte, error)

	runs, failures int
}

// result is the last line.
type result struct {
	Steady   bool     `json:"steady"`
	Modes    []string `json:"modes"`
	Rounds   int      `json:"rounds"`
	Seed     uint64   `json:"seed"`
	Runs     int      `json:"runs"`
	Failures int      `json:"failures"`
	Seconds  float64  `json:"seconds"`
}

// run runs every mode in every round, and returns an error when any failed.
func (s *suite) run(ctx context.Context) error {
	r := result{Rounds: s.rounds, Seed: s.seed}
	for _, m := range s.modes {
		r.Modes = append(r.Modes, m.name)
	}
	began := time.Now()
	for round := range s.rounds {
		for _, m := range s.modes {
			if err := s.round(ctx, m, round); err != nil {
				return err
			}
		}
	}
	r.Steady, r.Runs, r.Failures = s.failures == 0, s.runs, s.failures
	r.Seconds = math.Round(time.Since(began).Seconds()*10) / 10
	if err := json.NewEncoder(s.out).Encode(r); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	if s.failures > 0 {
		return fmt.Errorf("%d of %d runs failed", s.failures, s.runs)
	}
	return nil
}

// round runs one mode once, and says how it went.
func (s *suite) round(ctx context.Context, m mode, round int) error {
	began := time.Now()
	for _, one := range m.run(ctx, s) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.runs++
		how := "passed"
		if one.err != nil {
			s.failures++
			how = fmt.Sprintf("FAILED (%v)", one.err)
		}
		_, err := fmt.Fprintf(s.out, "%-6s round %d of %d, seed %d: %s after %.1f s; %s\n",
			m.name, round+1, s.rounds, one.seed, how, time.Since(began).Seconds(), slowest(one.printed))
		if err == nil && one.err != nil {
			_, err = s.out.Write(one.printed)
		}
		if err != nil {
			return fmt.Errorf("writing the result: %w", err)
		}
	}
	return nil
}

// slowest says which package took longest, going by the line of each.
func slowest(printed []byte) string {
	var most float64
	name := "nothing was run"
	for line := range strings.Lines(string(printed)) {
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[0] != "ok" && fields[0] != "FAIL" {
			continue
		}
		seconds, err := strconv.ParseFloat(strings.TrimSuffix(fields[2], "s"), 64)
		if err == nil && seconds >= most {
			most, name = seconds, fmt.Sprintf("%s took longest, %.1f s", fields[1], seconds)
		}
	}
	return name
}
