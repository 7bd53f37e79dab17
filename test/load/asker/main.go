//go:build linux

// Command asker asks an API for the memberships of profiles at a steady rate,
// whether it answers in time or not, and says how long each answer took from when
// its request was due.
//
// It reads the ids of the profiles from its input, a line each, and begins at the
// end of it. It prints a line of JSON.
//
// It is a process of its own, and one thread over all its connections, so that
// what it measures is the API and not itself: it shares the processors with what
// it measures, and a goroutine for each connection takes three times as much of
// them. Go's own timers would round to a millisecond while nothing else happens.
//
// The trap: it knows of HTTP only what it asks for. An answer without its length
// is a mistake.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"time"
)

// order is what is asked for.
type order struct {
	address string
	token   string
	rate    float64 // requests a second
	lanes   int     // connections; a request waits for a free one, and that counts
	skipped float64 // the part of the requests, at the beginning, that is not measured
}

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "asker:", err)
		os.Exit(1)
	}
}

func run(arguments []string, in io.Reader, out io.Writer) error {
	o := order{token: os.Getenv("MUSTER_TOKEN")}
	flags := flag.NewFlagSet("asker", flag.ContinueOnError)
	flags.StringVar(&o.address, "address", "", "ip:port of the API")
	flags.Float64Var(&o.rate, "rate", 5000, "requests a second")
	flags.IntVar(&o.lanes, "lanes", 32, "connections, over each of which one request is on its way at a time")
	flags.Float64Var(&o.skipped, "skip", 0.2, "the part of the requests that is not measured, at the beginning")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	address, err := netip.ParseAddrPort(o.address)
	if err != nil || !address.Addr().Is4() {
		return fmt.Errorf("address is %q; it must be as 127.0.0.1:8090", o.address)
	}
	ids, err := lines(in)
	if err != nil {
		return err
	}
	a, err := connect(address, o.lanes)
	if err != nil {
		return err
	}
	defer a.close()
	took, length, err := a.ask(&o, ids)
	if err != nil {
		return err
	}
	return tell(out, took[int(o.skipped*float64(len(took))):], length, len(ids))
}

func lines(in io.Reader) (ids []string, err error) {
	scanner := bufio.NewScanner(in)
	for scanner.Scan() {
		ids = append(ids, scanner.Text())
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("reading ids: %w", err)
	}
	if len(ids) == 0 {
		return nil, errors.New("no id was given")
	}
	return ids, nil
}

// tell prints what came of it.
func tell(out io.Writer, took []time.Duration, length time.Duration, asked int) error {
	slices.Sort(took)
	at := func(q float64) float64 {
		return float64(took[int(q*float64(len(took)-1))].Microseconds()) / 1e3
	}
	return json.NewEncoder(out).Encode(map[string]any{
		"answered": asked, "seconds": length.Seconds(), "p50_ms": at(0.5), "p99_ms": at(0.99), "p999_ms": at(0.999),
	})
}
