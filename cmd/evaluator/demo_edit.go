package main

import (
	"context"

	"muster/demo"
	"muster/rules"
)

const (
	// editAfter is after how many events the demo edits its segments: ten
	// seconds at the usual rate, when there is something in most of them.
	editAfter = 5000
	// editGeneration is what shards count the rules after the edit as: those
	// of the start are the first that they have seen.
	editGeneration = 2
)

// edits reports whether somebody sees an edit. Those who ask for JSON get the
// sizes of the example segments.
func (cmd *demoCommand) edits() bool {
	return cmd.Output == "table" && (cmd.Events == 0 || cmd.Events >= editAfter)
}

// editedSegments returns the demo's rules after the edit: one segment more,
// and one with another rule. Both ask for traits only, which are kept of every
// customer from the first event on.
func editedSegments(set *rules.Set) (*rules.Set, error) {
	readers := rules.NewSegment("newsletter-readers", `"newsletter" in traits.tags`)
	readers.Name = "Newsletter readers (just added)"
	segments := []rules.Segment{readers}
	for i := range set.Len() {
		one := *set.Segment(i)
		if one.ID == "young-adults" {
			changed := rules.NewSegment(one.ID, `traits.age in 18..34`)
			changed.Name, changed.Members = "From 18 to 34 (was 29)", one.Members
			one = changed
		}
		segments = append(segments, one)
	}
	return rules.Compile(segments)
}

// edit puts the edited segments in force while the service runs.
func (s *show) edit(ctx context.Context) error {
	if !s.command.edits() || !s.tally.AwaitEvents(ctx, editAfter) {
		return nil
	}
	// The tally has seen a commit, so the worker was put together before.
	s.rules.Publish(s.edited)
	s.tally.Edited(demo.Edit{Words: "segments in force: added 1, changed 1", Generation: editGeneration, Shards: demoShards})
	return nil
}
