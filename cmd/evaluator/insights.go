package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"muster/insights"
	"muster/service"
	"muster/snapshot"
)

// insightsCommand asks about audiences.
type insightsCommand struct {
	Profile insightsProfile      `cmd:"" help:"Tell what is more, and what is less, frequent in an audience than elsewhere."`
	Overlap insightsOverlap      `cmd:"" help:"Tell how many profiles some segments have in common."`
	Reach   insightsReachCommand `cmd:"" help:"Tell how many different customers had events, by what the events say, from a cube."`
	Serve   insightsServeCommand `cmd:"" help:"Hold all profiles in memory, fresh, and answer questions about them."`
}

// Help is shown by --help.
func (insightsCommand) Help() string {
	return `Questions about all customers at once, answered from Redis: nothing is changed and no
evaluator disturbed. What the figures and pictures mean is in docs/insights.md.

    evaluator insights profile -c muster.yaml --audience buyers --svg buyers.svg
    evaluator insights overlap -c muster.yaml buyers newsletter vip
    evaluator insights reach ads -c muster.yaml --by site
    evaluator insights serve -c muster.yaml

With --server in place of -c nothing is read for the question: evaluator insights serve
holds the profiles, and answers at once.

    MUSTER_TOKEN=... evaluator insights overlap --server https://muster.internal:8091 buyers vip`
}

// insightsFlags say where a question is asked.
type insightsFlags struct {
	Config string `short:"c" placeholder:"FILE" help:"Configuration file, as the evaluators have it."`
	Server string `placeholder:"URL" help:"Ask evaluator insights serve and not Redis, as https://muster.internal:8091; MUSTER_TOKEN has the token."`
}

// insightsWithin is how long evaluator insights serve may take to begin an answer:
// a question may wait until those before it are answered.
const insightsWithin = 11 * time.Minute

// asFlag is how a command calls a part of a question.
func asFlag(part string) string { return "--" + part }

// unanswered is why a question was not answered here, with what the user has to
// change as unusable.
func unanswered(err error) error {
	var asked *insights.QuestionError
	var nobody *insights.NobodyError
	if errors.As(err, &asked) || errors.As(err, &nobody) {
		return unusable(err)
	}
	return service.Classify(err)
}

// fill reads the profiles, and tells on a terminal how far it is.
func (insightsFlags) fill(ctx context.Context, c console, r *reader, w snapshot.Wanted) (*snapshot.Columns, error) {
	counted := func(read int64) { line(c.err, "\rreading profiles: %d", read) }
	if !isTerminal(c.err) {
		counted = func(int64) {}
	}
	columns, err := snapshot.FillColumns(ctx, r.store, r.config.Snapshot, w, counted)
	if isTerminal(c.err) {
		line(c.err, "\r\x1b[K")
	}
	if err != nil {
		return nil, service.Classify(err)
	}
	return columns, nil
}

// heldOf says how much of a deployment is held.
func heldOf(held, all int64) string {
	switch held {
	case all:
		return "all held"
	case 0:
		return "of which none fits snapshot.memory"
	}
	return fmt.Sprintf("of which a random sample of %d is held, 1 in %.1f: more do not fit snapshot.memory", held, float64(all)/float64(held))
}

// picturesFlags are those of every answer that can be drawn.
type picturesFlags struct {
	SVG string `name:"svg" placeholder:"FILE" help:"Draw it into a file too, as SVG."`
	PNG string `name:"png" placeholder:"FILE" help:"Draw it into a file too, as PNG, which has no letters but Latin, Greek and Cyrillic ones."`
}

// draw writes the pictures that were asked for.
func (f *picturesFlags) draw(svg, png func(io.Writer) error) error {
	if f.SVG != "" {
		if err := writeFile(f.SVG, svg); err != nil {
			return err
		}
	}
	if f.PNG != "" {
		return writeFile(f.PNG, png)
	}
	return nil
}

// writeFile has a file written, and none left that is not whole.
func writeFile(path string, write func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("writing a picture: %w", err)
	}
	if err := errors.Join(write(file), file.Close()); err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", path, err), os.Remove(path))
	}
	return nil
}
