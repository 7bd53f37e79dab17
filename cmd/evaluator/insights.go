package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"muster/insights"
	"muster/lookup"
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
    evaluator insights serve -c muster.yaml`
}

// columnsFlags are those of every question that is answered from columns.
type columnsFlags struct {
	Config string `short:"c" required:"" placeholder:"FILE" help:"Configuration file, as the evaluators have it."`
}

// fill reads the profiles, and tells on a terminal how far it is.
func (columnsFlags) fill(ctx context.Context, c console, r *reader, w snapshot.Wanted) (*snapshot.Columns, error) {
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

// group is the members of a segment.
func group(columns *snapshot.Columns, segment string) (insights.Group, error) {
	members, known := columns.Members(segment)
	if !known {
		return insights.Group{}, lookup.UnknownAmong(segment, columns.Segments())
	}
	return insights.Group{Name: segment, Segment: segment, Of: members}, nil
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
