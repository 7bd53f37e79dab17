package main

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"muster/rules"
)

type explainCommand struct {
	Segments string   `required:"" placeholder:"FILE|DIR" help:"Segment file, or folder of *.yaml files."`
	Segment  string   `required:"" placeholder:"ID" help:"The segment to explain."`
	Profile  string   `required:"" placeholder:"ID" help:"The profile to explain it for."`
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

Exit code: 0 when explained, 2 when the segments, a file or the profile can't be
used.`
}

// Run replays the events up to the time and explains.
func (cmd *explainCommand) Run(c console) error {
	set, err := loadSegments(cmd.Segments)
	if err != nil {
		return err
	}
	files, err := (&replayCommand{Files: cmd.Files}).files()
	if err != nil {
		return err
	}
	engine, err := newReplica(set)
	if err != nil {
		return err
	}
	letters, err := newLetterFile("")
	if err != nil {
		return err
	}
	r := &replay{replica: engine, letters: letters, progress: newProgress(c.err), printer: newPrinter(c.out, "none")}
	until := int64(math.MaxInt64)
	if cmd.At != 0 {
		until = int64(cmd.At)
	}
	tellStandardInput(files, c)
	r.admit = func(arrival int64) bool { return arrival <= until }
	if err := r.files(files, c.in); err != nil {
		return err
	}
	if cmd.At != 0 {
		if err := r.advance(until); err != nil {
			return err
		}
	}
	r.progress.summary(r)
	return cmd.print(c, set, engine)
}

func (cmd *explainCommand) print(c console, set *rules.Set, r *replica) error {
	p := r.driver.Profile(cmd.Profile)
	if p == nil || !p.Exists() {
		return unusable(fmt.Errorf("no event of profile %s was read up to %s", cmd.Profile, instant(r.driver.Clock())))
	}
	x, err := set.Explain(p, cmd.Segment, r.driver.Clock())
	if err != nil {
		return unusable(err)
	}
	if cmd.Output == "json" {
		return wrap("writing output", json.NewEncoder(c.out).Encode(struct {
			Segment string             `json:"segment"`
			Profile string             `json:"profile"`
			At      time.Time          `json:"at"`
			Rule    *rules.Explanation `json:"rule"`
		}{cmd.Segment, cmd.Profile, time.UnixMilli(r.driver.Clock()).UTC(), x}))
	}
	_, err = fmt.Fprintf(c.out, "segment %s, profile %s, at %s\n%s", cmd.Segment, cmd.Profile, instant(r.driver.Clock()), x)
	return wrap("writing output", err)
}
