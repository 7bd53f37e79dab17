package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"muster/lookup"
	"muster/snapshot"
)

// previewOutput tells what is known of a question as it goes.
type previewOutput struct {
	console
	json     bool
	live     bool
	snapshot holding
	lacks    []snapshot.Lack
	told     bool
}

// holding says how many profiles a snapshot holds, of how many.
type holding interface {
	Held() int64
	All() int64
}

// tell asks a snapshot the question and tells its answers.
func (o *previewOutput) tell(ctx context.Context, s *snapshot.Snapshot, q *snapshot.Question) error {
	o.snapshot = s
	o.begin()
	end, err := s.Ask(ctx, q, previewEvery, o.print)
	switch {
	case errors.Is(err, context.Canceled):
		return o.cancelled(end)
	case err != nil:
		return unusable(err)
	}
	return o.printEnd(end)
}

// begin tells of what the answers will be.
func (o *previewOutput) begin() {
	if !o.json {
		line(o.out, "%d profiles, %s\n", o.snapshot.All(), heldOf(o.snapshot.Held(), o.snapshot.All()))
		o.warn()
	}
}

// cancelled tells what was known when the question was cancelled.
func (o *previewOutput) cancelled(end *snapshot.Answer) error {
	if err := o.printEnd(end); err != nil {
		return err
	}
	return fmt.Errorf("the question was cancelled after %d of %d profiles: the last figures are an estimate", end.Seen, end.Held)
}

// warn says of which segments nobody can be exact.
func (o *previewOutput) warn() {
	for _, lack := range o.lacks {
		line(o.err, "warning: %s: %s\n", lack.Segment, whatLacks(lack))
	}
}

func whatLacks(l snapshot.Lack) string {
	switch {
	case l.Untracked:
		return "it counts events that no rule in force asks for, so nothing is kept of them yet: it is told as if there were none"
	case l.Since != 0:
		return fmt.Sprintf("of the events that it counts, all are kept only since %s: it is told as if there were none before", instant(l.Since))
	}
	return "since when a condition of held(...) is true is remembered only for rules in force: others are told as if it became true just now"
}

// printJSON prints one answer, with what lacks if it is the first or last.
func (o *previewOutput) printJSON(a *snapshot.Answer, last bool) error {
	told := snapshot.Told{Answer: a}
	if last || !o.told {
		told.Lacks = o.lacks
	}
	o.told = true
	return printJSON(o.out, told)
}

// print tells an answer on the way. Of many segments only how far it is.
func (o *previewOutput) print(a *snapshot.Answer) error {
	if o.json {
		return o.printJSON(a, false)
	}
	if o.live || len(a.Segments) > 1 {
		line(o.err, "%s profiles\n", strings.TrimSuffix(far(a), ": "))
		return nil
	}
	one := &a.Segments[0]
	_, err := fmt.Fprintf(o.out, "%s%s\n", far(a), figures(one, a.Seen == a.Profiles))
	return wrap("writing output", err)
}

// far says how far an answer is.
func far(a *snapshot.Answer) string {
	held := fmt.Sprint(a.Held)
	return fmt.Sprintf("%*d of %s: ", len(held), a.Seen, held)
}

// figures tells the members of a segment in a few words. A band can be as narrow
// as one figure before all were seen, and is an estimate even then.
func figures(one *snapshot.Segment, exact bool) string {
	if exact {
		return fmt.Sprintf("%d exactly, %.1f %%", one.Estimate, 100*one.Share)
	}
	return fmt.Sprintf("about %d (%d to %d), %.1f %% (%.1f to %.1f)",
		one.Estimate, one.Low, one.High, 100*one.Share, 100*one.ShareLow, 100*one.ShareHigh)
}

// printEnd tells the last answer.
func (o *previewOutput) printEnd(a *snapshot.Answer) error {
	if o.json {
		return o.printJSON(a, true)
	}
	if o.live || len(a.Segments) > 1 {
		return o.printTable(a)
	}
	if err := o.print(a); err != nil {
		return err
	}
	if names := shownAll(a.Segments[0].Examples); names != "" {
		line(o.out, "such as %s\n", names)
	}
	return o.printOverlap(a)
}

// mostOverlap is how many segments are told of for people. JSON has all.
const mostOverlap = 20

// printOverlap tells with which segments the rule shares most members.
func (o *previewOutput) printOverlap(a *snapshot.Answer) error {
	if len(a.Overlap) == 0 {
		return nil
	}
	table := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	line(table, "\nsegment\tin both\t    from\t      to\tof the rule\tof the segment\n")
	for _, one := range a.Overlap[:min(mostOverlap, len(a.Overlap))] {
		line(table, "%s\t%7d\t%8d\t%8d\t%9.1f %%\t%12.1f %%\n",
			one.Segment, one.Both.Estimate, one.Both.Low, one.Both.High, 100*one.OfRule, 100*one.OfSegment)
	}
	if more := len(a.Overlap) - mostOverlap; more > 0 {
		line(table, "and %d more, which --json tells\n", more)
	}
	return wrap("writing output", table.Flush())
}

// printTable tells all segments of a draft.
func (o *previewOutput) printTable(a *snapshot.Answer) error {
	lacking := map[string]string{}
	for _, lack := range o.lacks {
		switch {
		case lack.Untracked:
			lacking[lack.Segment] = "not tracked yet"
		case lack.Since != 0:
			lacking[lack.Segment] = "complete since " + time.UnixMilli(int64(lack.Since)).UTC().Format(time.RFC3339)
		default:
			lacking[lack.Segment] = "held(...)"
		}
	}
	table := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	head := ""
	if o.live {
		head = "  enter\t  leave\t"
	}
	line(table, "segment\tmembers\t    from\t      to\tshare\t%sexamples\tlacks\n", head)
	for i := range a.Segments {
		one := &a.Segments[i]
		moved := ""
		if o.live {
			moved = fmt.Sprintf("%7d\t%7d\t", one.Entering.Estimate, one.Leaving.Estimate)
		}
		line(table, "%s\t%7d\t%8d\t%8d\t%.1f %%\t%s%s\t%s\n",
			one.ID, one.Estimate, one.Low, one.High, 100*one.Share, moved, cmp.Or(shownAll(one.Examples), "-"), cmp.Or(lacking[one.ID], "-"))
	}
	if err := table.Flush(); err != nil || !o.live {
		return wrap("writing output", err)
	}
	return o.printMoves(a)
}

// printMoves tells a few of those who would enter or leave.
func (o *previewOutput) printMoves(a *snapshot.Answer) error {
	table := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	for i := range a.Segments {
		one := &a.Segments[i]
		if names := shownAll(one.Entering.Examples); names != "" {
			line(table, "%s\twould be entered by\t%s\n", one.ID, names)
		}
		if names := shownAll(one.Leaving.Examples); names != "" {
			line(table, "%s\twould be left by\t%s\n", one.ID, names)
		}
	}
	return wrap("writing output", table.Flush())
}

// shownAll lists profiles for people.
func shownAll(ids []string) string {
	shown := make([]string, len(ids))
	for i, id := range ids {
		shown[i] = lookup.Shown(id)
	}
	return strings.Join(shown, ", ")
}
