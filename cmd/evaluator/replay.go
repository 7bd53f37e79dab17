package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"muster/pipeline/replica"
)

type replayCommand struct {
	Segments    string    `required:"" placeholder:"FILE|DIR" help:"Segment file, or folder of *.yaml files."`
	At          []instant `placeholder:"TIME" sep:"none" help:"Print all members at this time, as 2026-11-21T10:00:00Z. May be repeated."`
	Output      string    `enum:"changes,members,both" default:"both" help:"What to print: ${enum}."`
	DeadLetters string    `placeholder:"FILE" help:"Where to keep what can't be used."`
	Files       []string  `arg:"" optional:"" placeholder:"FILE" help:"Events as one JSON object a line, plain, .gz or .zst; - is standard input."`
}

// Help is shown by --help.
func (replayCommand) Help() string {
	return `Applies events in the order given, with the same engine as the service but in
memory. Prints one JSON object a line: every change as it happens

    {"type":"entered","segment":"vip","profile":"u1","at":"2026-11-21T10:00:00.000Z","cause":"event","version":1}

and, at each --at, the members of every segment:

    {"type":"members","at":"2026-11-30T00:00:00.000Z","segment":"vip","members":["u1","u2"]}

The clock is the latest arrival time seen (receivedAt, else the event's own time).
What is printed at a time T includes everything that arrived at or before T, in file
order: it is printed when the first event that arrives after T comes. A time past the
end moves the clock there, so that windows close. Lines that can't be used don't stop
the replay; they are counted at the end, with the first of each kind, and kept with
--dead-letters. A single arrival that is more than a day ahead of all others is told,
as it has moved the clock for all that came after it.

Examples:

    # who is in which segment after the last event of November?
    evaluator replay --segments segments/ --at 2026-12-01T00:00:00Z --output members events.ndjson.zst

    # every change of one profile
    zcat events.gz | grep u42 | evaluator replay --segments vip.yaml --output changes

Exit code: 0 when all lines were read, 2 when the segments or a file can't be used, 3
when there were lines and none could be used.`
}

// Run replays every file.
func (cmd *replayCommand) Run(c console) (err error) {
	set, err := loadSegments(cmd.Segments)
	if err != nil {
		return err
	}
	files, err := cmd.files()
	if err != nil {
		return err
	}
	engine, err := replica.New(set)
	if err != nil {
		return err
	}
	letters, err := newLetterFile(cmd.DeadLetters)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(c.out, 1<<16)
	r := &replay{Replica: engine, printer: newPrinter(out, cmd.Output), letters: letters, progress: newProgress(c.err)}
	r.at = slices.Sorted(slices.Values(cmd.At))
	r.Emit, r.Before = r.printer.change, r.upTo
	tellStandardInput(files, c)
	err = r.files(files, c.in)
	r.progress.summary(r)
	if err == nil && r.Applied+r.Repeats == 0 && r.dead > 0 {
		err = errNothing
	}
	return errors.Join(err, wrap("writing output", out.Flush()), letters.close())
}

// tellStandardInput says what a command waits for that somebody may have
// started without the names of files.
func tellStandardInput(files []string, c console) {
	if slices.Contains(files, "-") && isTerminal(c.in) {
		_, _ = fmt.Fprintln(c.err, "reading events from standard input, one JSON object a line, up to Ctrl-D")
	}
}

// files returns the files to read, having looked that they are there.
func (cmd *replayCommand) files() ([]string, error) {
	if len(cmd.Files) == 0 {
		return []string{"-"}, nil
	}
	for _, name := range cmd.Files {
		if name == "-" {
			continue
		}
		if _, err := os.Stat(name); err != nil {
			return nil, unusable(fmt.Errorf("reading events: %w", err))
		}
	}
	return cmd.Files, nil
}

func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// replay is one run over some files.
type replay struct {
	*replica.Replica
	printer  *printer
	letters  *letterFile
	progress *progress
	at       []instant // still to print, ascending
	lines    int
	dead     int
	refused  refusals
	ahead    ahead
}

func (r *replay) files(names []string, in io.Reader) error {
	for _, name := range names {
		if err := r.file(name, in); err != nil {
			return err
		}
	}
	return r.rest()
}

func (r *replay) file(name string, in io.Reader) error {
	lines, err := openLines(name, in, r.Limits.Events.MaxBytes)
	if err != nil {
		return err
	}
	defer lines.close()
	for number := 1; ; number++ {
		line, size, err := lines.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return unusable(fmt.Errorf("reading events from %s after line %d: %w", name, number-1, err))
		}
		if err := r.line(place{name, number}, line, size); err != nil {
			return err
		}
		r.progress.tick(r)
	}
}

// line applies one line; an empty one is nothing.
func (r *replay) line(at place, line []byte, size int) error {
	if size == 0 {
		return nil
	}
	r.lines++
	if size > len(line) {
		return r.bury(at, fmt.Sprintf("record: %d bytes, the limit is %d", size, len(line)), line)
	}
	rejected, err := r.Feed(line)
	if err != nil {
		return err
	}
	r.ahead.note(at, r.Latest)
	for _, one := range rejected {
		if err := r.bury(at, one.Reason, one.Value); err != nil {
			return err
		}
	}
	return nil
}

func (r *replay) bury(at place, reason string, value []byte) error {
	r.dead++
	r.refused.note(at, reason)
	return r.letters.write(at, reason, value)
}

// upTo prints what is due before an event that arrives then.
func (r *replay) upTo(arrival int64) error {
	for len(r.at) > 0 && int64(r.at[0]) < arrival {
		if err := r.stop(); err != nil {
			return err
		}
	}
	return nil
}

// rest prints what lies past the last event.
func (r *replay) rest() error {
	for len(r.at) > 0 {
		if err := r.stop(); err != nil {
			return err
		}
	}
	return nil
}

// stop moves the clock to the next time to print at, and prints.
func (r *replay) stop() error {
	at := r.at[0]
	r.at = r.at[1:]
	if err := r.Advance(int64(at)); err != nil {
		return err
	}
	return r.printer.members(at, r.Replica)
}
