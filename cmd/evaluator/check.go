package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"muster/cube"
	"muster/rules"
	"muster/segments"
)

type checkCommand struct {
	Path         string `arg:"" placeholder:"FILE|DIR" help:"Segment file, or folder of *.yaml files."`
	Sample       string `placeholder:"FILE|URL" help:"Look up the names of events, traits and properties in these events: one JSON object a line, plain, .gz or .zst; - is standard input. Or in what a running service has seen: the address of its http.listen, as http://localhost:8080."`
	Destinations string `placeholder:"FILE|DIR" help:"Also check destinations, and that the segments they ask for are there; see evaluator activate."`
	Output       string `enum:"text,json" default:"text" help:"How to print what was found: ${enum}."`
	Cost         bool   `help:"Also show what each segment costs: predicates that are computed in place of looked up, aggregates, and guesses, made without any of your data, of the share of profiles in it and the bytes it adds to a profile; evaluator rehearse measures."`
}

// Help is shown by --help.
func (checkCommand) Help() string {
	return `Checks every segment and shows each mistake with its line, a caret and what to
write instead. Then runs the tests beside the segments:

    segments:
      - id: repeat-buyers
        name: Bought twice in a month
        rule: count(events("Order Completed", "30d")) >= 2
        tests:
          - name: two orders, the second a week later
            events:
              - {type: track, userId: u1, event: Order Completed, timestamp: "2026-11-01T10:00:00Z"}
              - {type: track, userId: u1, event: Order Completed, timestamp: "2026-11-08T10:00:00Z"}
            at: 2026-11-20T00:00:00Z   # optional: move the clock there afterwards
            expect: in                 # or out

A test whose events are of several profiles says which one it means: profile: u1.
With a test that fails comes the rule as a tree, as evaluator explain shows it.

What a rule probably does not mean as it says, such as the property .name where
the name of the event, .event_name, is meant, is noted and refuses nothing.

Names of events, traits and properties are your own: nothing but your data tells whether
they are spelled right. With --sample, check says which of them no event of the sample
has, and the nearest that one has; it refuses nothing. Take all events of an hour or a
day, so that each kind is in it; standard input will do:

    evaluator check --sample events-2026-11-20.ndjson.gz segments/
    kcat -C -b localhost:9092 -t events -o -100000 -e | evaluator check --sample - segments/

    # what a running service has seen of its own events since it began
    evaluator check --sample http://localhost:8080 segments/

A property is looked up among the events that the rule asks for: .price of
events("Order Completed") is not found in another event. The path of what is in a list
has [] in it, as .products[].sku.

Exit code: 0 all well, 1 a test failed, 2 a segment can't be used.`
}

// finding is all that check found out.
type finding struct {
	Segments int                `json:"segments"`
	Tests    int                `json:"tests"`
	Failed   int                `json:"failed"`
	Errors   []ruleMistake      `json:"errors"`
	Failures []segments.Failure `json:"failures"`
	Notes    []ruleMistake      `json:"notes,omitempty"`
	Unknown  *rules.Asked       `json:"unknown,omitempty"` // what was not looked up, as there was no sample
	Sample   *sampled           `json:"sample,omitempty"`
	Unseen   []ruleMistake      `json:"unseen,omitempty"` // names that the sample does not have
	Costs    []rules.Cost       `json:"costs,omitempty"`
	unseen   rules.Errors       // the same as Unseen
	wrong    rules.Errors       // the same as Errors
	noted    rules.Errors       // the same as Notes
}

type ruleMistake struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Segment string `json:"segment"`
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

// Run checks, tests and prints.
func (cmd *checkCommand) Run(c console) error {
	sources, err := readSegments(cmd.Path)
	if err != nil {
		return err
	}
	found := &finding{Errors: []ruleMistake{}, Failures: []segments.Failure{}}
	set, err := rules.Load(sources...)
	if err == nil {
		_, err = cube.Read(sources...)
	}
	switch {
	case errors.As(err, &found.wrong):
		found.Errors = append(found.Errors, listed(found.wrong)...)
	case err != nil:
		return unusable(err)
	default:
		if _, err := readDestinations(cmd.Destinations, set); err != nil {
			return err
		}
		found.noted = rules.Notes(sources...)
		found.Notes = listed(found.noted)
		if err := found.runTests(set); err != nil {
			return err
		}
		if err := cmd.lookUp(found, c.in, sources); err != nil {
			return err
		}
		if cmd.Cost {
			found.Costs = set.Costs()
		}
	}
	if err := found.print(c, cmd.Output); err != nil {
		return err
	}
	switch {
	case len(found.Errors) > 0:
		return unusable(errSilent)
	case found.Failed > 0:
		return errSilent
	}
	return nil
}

// lookUp looks the names in the rules up in the sample, or counts them.
func (cmd *checkCommand) lookUp(found *finding, in io.Reader, sources []rules.Source) error {
	if cmd.Sample != "" {
		return found.compare(cmd.Sample, in, sources)
	}
	asked := rules.AskedOf(sources...)
	found.Unknown = &asked
	found.noted = append(found.noted, rules.PseudoNotes(sources...)...)
	found.Notes = listed(found.noted)
	return nil
}

// listed are mistakes, or notes, as JSON has them.
func listed(errs rules.Errors) []ruleMistake {
	var list []ruleMistake
	for _, e := range errs {
		list = append(list, ruleMistake{e.File, e.Line, e.Column, e.Segment, e.Message, e.Hint})
	}
	return list
}

func (f *finding) print(c console, output string) error {
	if output == "json" {
		return wrap("writing output", json.NewEncoder(c.out).Encode(f))
	}
	if len(f.Errors) > 0 {
		return f.printErrors(c.err)
	}
	for _, e := range slices.Concat(f.noted, f.unseen) {
		if _, err := fmt.Fprintln(c.err, e.Error()); err != nil {
			return fmt.Errorf("writing notes: %w", err)
		}
	}
	for _, m := range f.Failures {
		if _, err := fmt.Fprintf(c.err, "%s:%d: segment %s: %s: %s\n%s", m.File, m.Line, m.Segment, m.Test, m.Message, treeOf(&m)); err != nil {
			return fmt.Errorf("writing failures: %w", err)
		}
	}
	for _, cost := range f.Costs {
		if _, err := fmt.Fprintln(c.out, cost); err != nil {
			return fmt.Errorf("writing costs: %w", err)
		}
	}
	_, err := fmt.Fprintf(c.out, "%s, %s, %d failed\n%s", number(f.Segments, "segment"), number(f.Tests, "test"), f.Failed, f.lookup())
	return wrap("writing output", err)
}

// runTests runs the tests of every segment.
func (f *finding) runTests(set *rules.Set) error {
	tests, failures, err := segments.RunTests(set, func(*rules.Segment) bool { return true })
	f.Segments, f.Tests, f.Failed = set.Len(), tests, len(failures)
	f.Failures = append(f.Failures, failures...)
	return err
}

// treeOf is why a test has failed, as evaluator explain shows it, a step to the
// right.
func treeOf(m *segments.Failure) string {
	if m.Why == nil {
		return ""
	}
	return "  " + strings.ReplaceAll(strings.TrimSuffix(m.Why.String(), "\n"), "\n", "\n  ") + "\n"
}

func (f *finding) printErrors(out io.Writer) error {
	_, err := fmt.Fprintf(out, "%v\n\n%s\n", f.wrong, number(len(f.Errors), "mistake"))
	return wrap("writing mistakes", err)
}

func number(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
