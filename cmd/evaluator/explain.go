package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"muster/lookup"
	"muster/pipeline/replica"
)

type explainCommand struct {
	Segments string   `placeholder:"FILE|DIR" help:"Segment file, or folder of *.yaml files. Default with --live: segments.path of the configuration."`
	Segment  string   `required:"" placeholder:"ID" help:"The segment to explain."`
	Profile  string   `placeholder:"ID" help:"The profile to explain it for, after the events of the files."`
	Live     string   `placeholder:"ID" help:"The profile to explain it for, as Redis has it."`
	Config   string   `short:"c" placeholder:"FILE" help:"With --live: configuration file, as the evaluators have it."`
	Server   string   `placeholder:"URL" help:"With --live: ask the API of an evaluator and not Redis, as https://muster.internal:8090; MUSTER_TOKEN has the token."`
	At       instant  `placeholder:"TIME" help:"Explain as of this time, as 2026-11-21T10:00:00Z. Default: after the last event."`
	Output   string   `enum:"text,json" default:"text" help:"How to print: ${enum}."`
	Files    []string `arg:"" optional:"" placeholder:"FILE" help:"Events as one JSON object a line, plain, .gz or .zst; - is standard input."`
}

// Help is shown by --help.
func (explainCommand) Help() string {
	return `Applies events like replay and then shows a segment's rule for one profile as a
tree: + holds, - does not, = is a value. A condition that time alone will change
says when.

    evaluator explain --segments segments/ --segment vip --profile u42 events.ndjson

    - count(events("Order Completed", "30d")) == 0  (flips by itself at 2026-12-09T12:00:00.000Z)
      = count(events("Order Completed", "30d")) is 1

With --live the profile is the one that Redis has, and no events are read. It disturbs
no evaluator. The time is the shard's clock, or a later one with --at:

    evaluator explain --live u42 --segment vip -c muster.yaml

With --server the API of an evaluator is asked in place of Redis.

Exit code: 0 when explained, 1 when Redis or the API can't be reached, 2 when the segments, a file,
the configuration or the profile can't be used.`
}

// Run explains, after a replay or live.
func (cmd *explainCommand) Run(c console) error {
	if err := cmd.validate(); err != nil {
		return unusable(fmt.Errorf("%w; see evaluator explain --help", err))
	}
	if cmd.Live != "" {
		return cmd.live(c)
	}
	return cmd.replay(c)
}

func (cmd *explainCommand) validate() error {
	switch {
	case cmd.Live == "" && (cmd.Segments == "" || cmd.Profile == ""):
		return errors.New("--segments and --profile are needed, or --live and -c")
	case cmd.Live == "" && cmd.Config+cmd.Server != "":
		return errors.New("-c and --server are for --live")
	case cmd.Live != "" && cmd.Config == "" && cmd.Server == "":
		return errors.New("--live needs the configuration file: -c FILE, or --server URL")
	case cmd.Config != "" && cmd.Server != "":
		return errors.New("-c and --server go in two ways; keep one")
	case cmd.Server != "" && cmd.Segments != "":
		return errors.New("--segments is for -c: the API has the segments in force")
	case cmd.Live != "" && (cmd.Profile != "" || len(cmd.Files) > 0):
		return errors.New("with --live no --profile and no files are read")
	}
	return nil
}

// replay replays the events up to the time and explains.
func (cmd *explainCommand) replay(c console) error {
	set, err := loadSegments(cmd.Segments)
	if err != nil {
		return err
	}
	files, err := (&replayCommand{Files: cmd.Files}).files()
	if err != nil {
		return err
	}
	engine, err := replica.New(set)
	if err != nil {
		return err
	}
	letters, err := newLetterFile("")
	if err != nil {
		return err
	}
	r := &replay{Replica: engine, letters: letters, progress: newProgress(c.err), printer: newPrinter(c.out, "none")}
	until := int64(math.MaxInt64)
	if cmd.At != 0 {
		until = int64(cmd.At)
	}
	tellStandardInput(files, c)
	r.Admit = func(arrival int64) bool { return arrival <= until }
	if err := r.files(files, c.in); err != nil {
		return err
	}
	if cmd.At != 0 {
		if err := r.Advance(until); err != nil {
			return err
		}
	}
	r.progress.summary(r)
	p, clock := engine.Driver.Profile(cmd.Profile), engine.Driver.Clock()
	if p == nil || !p.Exists() {
		return unusable(fmt.Errorf("no event of profile %s was read up to %s", cmd.Profile, instant(clock)))
	}
	x, err := set.Explain(p, cmd.Segment, clock)
	if err != nil {
		return unusable(err)
	}
	return cmd.print(c, &lookup.Explained{Segment: cmd.Segment, Profile: p.ID, At: time.UnixMilli(clock).UTC(), Rule: x})
}

func (cmd *explainCommand) print(c console, x *lookup.Explained) error {
	if cmd.Output == "json" {
		return wrap("writing output", json.NewEncoder(c.out).Encode(x))
	}
	_, err := fmt.Fprintf(c.out, "segment %s, profile %s, at %s\n%s", x.Segment, lookup.Shown(x.Profile), instant(x.At.UnixMilli()), x.Rule)
	return wrap("writing output", err)
}
