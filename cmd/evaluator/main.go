// Command evaluator decides, for every event and every second, who belongs
// to which audience. It is the outermost package: it reads flags, has the
// others do the work, and turns what comes of it into output, messages and
// exit codes.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"
)

// cli is the command line.
type cli struct {
	Run      runCommand      `cmd:"" help:"Run the service: from Kafka to Redis, until it is stopped."`
	Init     initCommand     `cmd:"" help:"Prepare Kafka and Redis for the service."`
	Reshard  reshardCommand  `cmd:"" help:"Change the number of shards, while no evaluator runs."`
	Segments segmentsCommand `cmd:"" help:"Change the definitions of segments that are in Redis, and look at them."`
	Sizes    sizesCommand    `cmd:"" help:"Show how many members every segment has, from Redis."`
	History  historyCommand  `cmd:"" help:"Show how many entered and left a segment, and its size, by hour or day."`
	Members  membersCommand  `cmd:"" help:"List who is in a segment, from Redis."`
	Profile  profileCommand  `cmd:"" help:"Show what is kept of a profile and which segments it is in, from Redis."`
	Changes  changesCommand  `cmd:"" help:"Follow who enters and leaves segments, as it happens."`
	Erase    eraseCommand    `cmd:"" help:"Forget a customer: erase the profile everywhere, and prove it."`
	Activate activateCommand `cmd:"" help:"Look after the destinations that membership changes are sent to."`
	Demo     demoCommand     `cmd:"" help:"Watch audiences move over a simulated shop; needs nothing installed."`
	Replay   replayCommand   `cmd:"" help:"Apply a file of events to segments in memory and print who enters and leaves."`
	Check    checkCommand    `cmd:"" help:"Check segment files and run the tests in them."`
	Explain  explainCommand  `cmd:"" help:"Show why a profile is in a segment or not, after a file of events or live."`
	Preview  previewCommand  `cmd:"" help:"Tell how many customers a rule would have, from Redis, before it is published."`
	Insights insightsCommand `cmd:"" help:"Ask anything of all profiles, as fast as it can be."`
	Rehearse rehearseCommand `cmd:"" help:"Measure your segments on a sample of your events, and what a deployment needs."`
	Backfill backfillCommand `cmd:"" help:"Replay an archive of events, in S3 or a folder, up to an instant."`
	Token    tokenCommand    `cmd:"" help:"Make tokens for the API."`
	Version  versionCommand  `cmd:"" help:"Print the version."`

	Completion completionCommand `cmd:"" help:"Print what your shell needs to complete command lines."`
	Complete   completeCommand   `cmd:"" hidden:"" help:"Print what the last of some words may become."`

	ShowVersion kong.VersionFlag `name:"version" help:"Print the version."`
}

const description = `Decides who belongs to which audience, event by event.

Start with: evaluator demo`

// console is how a command talks to whoever started it.
type console struct {
	in  io.Reader
	out io.Writer
	err io.Writer
}

func main() {
	os.Exit(execute(os.Args[1:], console{os.Stdin, os.Stdout, os.Stderr}))
}

// execute runs one command line and returns the exit code: 0 for success, 1
// for a failure, 2 for input or configuration that can't be used, 3 when
// nothing of a file of events could be.
func execute(args []string, c console) int {
	parser, err := kong.New(&cli{}, kong.Name("evaluator"), kong.Description(description),
		kong.Vars{"version": thisVersion(), "user": userName()}, kong.Writers(c.out, c.err), kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}))
	if err != nil {
		return report(c.err, err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if err != nil {
		return report(c.err, unusable(fmt.Errorf("%w; see %s --help", err, commandOf(err))))
	}
	return report(c.err, command.Run(c))
}

// commandOf returns the command whose help is about a command line that can't
// be used.
func commandOf(err error) string {
	var wrong *kong.ParseError
	if errors.As(err, &wrong) && wrong.Context != nil {
		if selected := wrong.Context.Selected(); selected != nil {
			return "evaluator " + selected.Name
		}
	}
	return "evaluator"
}
