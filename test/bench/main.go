// Command bench runs the benchmarks of the repository and prints one JSON
// object per result and line, for reading by programs:
//
//	{"bench":"event/Decode","n":1000,"ns_op":612000,"B_op":0,"allocs_op":0,"ns_event":1224}
//
// Names are part/benchmark; a unit such as MB/s becomes the key MB_s. A
// benchmark that lacks what it needs prints a line with the key skipped. A part
// that is a program prints such lines itself, and so does a test that writes
// them to a file: one that misses an aim fails, after its line. With arguments
// only the parts named are run; sweep, activation, publication, api, peer and
// backfill, which take five minutes or more, are run only so.
// What they log goes to stderr. It must run in the root of the repository.
//
// The trap: numbers of two runs compare only on the same, idle machine.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// parts are the packages with benchmarks, and the programs that compare.
var parts = []part{
	{name: "event", folder: "event"},
	{name: "profile", folder: "profile"},
	{name: "stream", folder: "stream"},
	{name: "sink", folder: "sink"},
	{name: "definitions", folder: "segments"},
	{name: "lookup", folder: "lookup"},
	{name: "insights", folder: "snapshot", bench: "^Benchmark(Preview|Band)$"},
	{name: "insights", folder: "insights"},
	{name: "archive", folder: "history/archive"},
	{name: "tracking", folder: "api/tracking"},
	{name: "timers", folder: "test/timers"},
	{name: "skew", folder: "test/skew"},
	{name: "insights", folder: "test/cubes"},
	{name: "insights", folder: "test/load", named: true, test: "^TestQuestions$", lines: "MUSTER_QUESTIONS"},
	{name: "sweep", folder: "test/sweep", named: true},
	{name: "activation", folder: "test/load", named: true, test: "^TestActivation$", lines: "MUSTER_ACTIVATION"},
	{name: "publication", folder: "test/load", named: true, test: "^TestPublication$", lines: "MUSTER_PUBLICATION"},
	{name: "api", folder: "test/load", named: true, test: "^TestAPI$", lines: "MUSTER_API"},
	{name: "peer", folder: "test/load", named: true, test: "^TestPeer$", lines: "MUSTER_PEER"},
	{name: "backfill", folder: "history", named: true},
	{name: "backfill-memory", folder: "history", named: true, bench: "^BenchmarkMemory$"},
	{name: "match", folder: "bench", program: true},
	{name: "match-shop", folder: "bench", program: true},
}

type part struct {
	name    string
	folder  string // from the root of the repository
	program bool   // whether folder is a program that takes -part
	named   bool   // whether it runs only where it is named, as it takes five minutes or more
	bench   string // the benchmarks, "" for all of the folder
	test    string // the test that measures, in place of benchmarks
	lines   string // the variable that tells it the file it writes its lines to
}

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run runs the named parts, or all but those that have to be named.
func run(names []string, out, log io.Writer) error {
	chosen, err := choose(names)
	if err != nil {
		return err
	}
	for _, p := range chosen {
		if err := p.run(out, log); err != nil {
			return fmt.Errorf("running part %s: %w", p.name, err)
		}
	}
	return nil
}

func choose(names []string) ([]part, error) {
	if len(names) == 0 {
		return slices.DeleteFunc(slices.Clone(parts), func(p part) bool { return p.named }), nil
	}
	var chosen []part
	for _, name := range names {
		before := len(chosen)
		for _, p := range parts { // of one name there may be several
			if p.name == name {
				chosen = append(chosen, p)
			}
		}
		if len(chosen) == before {
			return nil, fmt.Errorf("there is no part %q; the parts are %s", name, known())
		}
	}
	return chosen, nil
}

func known() string {
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
	return strings.Join(slices.Compact(names), ", ")
}

// run runs one part.
func (p part) run(out, log io.Writer) error {
	if p.program {
		program := exec.Command("go", "run", ".", "-part", p.name)
		program.Dir, program.Stdout, program.Stderr = p.folder, out, log
		return program.Run()
	}
	if p.test != "" {
		return p.demand(out, log)
	}
	return p.measure(out, log)
}

// demand runs the test of a part and prints the lines that it has written,
// also when it fails.
func (p part) demand(out, log io.Writer) error {
	folder, err := os.MkdirTemp("", "muster-bench-")
	if err != nil {
		return fmt.Errorf("making a folder for the lines: %w", err)
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "lines")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		return fmt.Errorf("making a file for the lines: %w", err)
	}
	test := exec.Command("go", "test", "-count=1", "-timeout", longest, "-v", "-run", p.test, ".")
	test.Dir, test.Stdout, test.Stderr = p.folder, log, log
	test.Env = append(os.Environ(), p.lines+"="+file)
	failed := test.Run()
	lines, err := os.ReadFile(file)
	if err == nil {
		_, err = out.Write(lines)
	}
	if err := errors.Join(failed, err); err != nil {
		return fmt.Errorf("go test: %w", err)
	}
	return nil
}

// longest bounds the test of a part.
const longest = "12h"

// measure lets go test run the benchmarks and translates what it prints.
func (p part) measure(out, log io.Writer) error {
	test := exec.Command("go", "test", "-run", "^$", "-bench", cmp.Or(p.bench, "."), "-benchmem", "-timeout", longest, ".")
	test.Dir, test.Stderr = p.folder, log
	printed, err := test.StdoutPipe()
	if err != nil {
		return err
	}
	if err := test.Start(); err != nil {
		return fmt.Errorf("starting go test: %w", err)
	}
	translated := p.translate(printed, out, log)
	if err := test.Wait(); err != nil {
		return fmt.Errorf("go test: %w", err)
	}
	return translated
}

func (p part) translate(printed io.Reader, out, log io.Writer) error {
	encoder := json.NewEncoder(out)
	lines := bufio.NewScanner(printed)
	for lines.Scan() {
		result, ok := parse(lines.Text())
		if !ok && json.Valid(lines.Bytes()) { // it says itself why there is no result
			if _, err := fmt.Fprintln(out, lines.Text()); err != nil {
				return fmt.Errorf("writing a line: %w", err)
			}
			continue
		}
		if !ok {
			if _, err := fmt.Fprintln(log, lines.Text()); err != nil {
				return fmt.Errorf("writing the log: %w", err)
			}
			continue
		}
		result.name = p.name + "/" + result.name
		if err := encoder.Encode(result); err != nil {
			return fmt.Errorf("writing a result: %w", err)
		}
	}
	return lines.Err()
}
