package api

import (
	"context"
	"errors"

	"muster/lookup"
	"muster/segments"
)

// describedSegment is a segment with its rule and, where it is kept in Redis,
// what is stored.
type describedSegment struct {
	lookup.Definition
	Version int64           `json:"version,omitempty" doc:"Where segments are kept in Redis: the version of all definitions that brought this text."`
	At      *lookup.Instant `json:"at,omitempty" doc:"When that was."`
	Who     string          `json:"who,omitempty" doc:"Who has written it."`
	Text    string          `json:"text,omitempty" doc:"All of it, as it was written."`
}

// describe tells of a segment. Its definition is the stored one, so that who
// has changed it sees that at once, by any evaluator; size and state are those
// of the rules in force, and pending says that these are older.
func (r *routes) describe(ctx context.Context, inForce Segments, id string) (*segmentOutput, error) {
	texts := r.server.parts.Definitions
	if texts == nil {
		one, err := inForce.Segment(ctx, id)
		if err != nil {
			return nil, err
		}
		return &segmentOutput{etagOf(one), &describedSegment{Definition: *one}}, nil
	}
	stored, err := texts.Get(ctx, id)
	if err != nil && !errors.Is(err, segments.ErrNotFound) {
		return nil, err
	}
	one, unknown := inForce.Segment(ctx, id)
	var absent *lookup.AbsentError
	switch {
	case unknown != nil && !errors.As(unknown, &absent):
		return nil, unknown
	case err != nil && unknown != nil:
		return nil, unknown // it names those that are near
	case err != nil:
		return nil, lookup.Removed(id)
	}
	return &segmentOutput{tagOf(&stored), withStored(one, &stored)}, nil
}

// withStored puts what is stored into what is told of the rules in force, nil
// for a segment that these have not.
func withStored(inForce *lookup.Definition, stored *segments.Definition) *describedSegment {
	d := definitionOf(stored)
	out := &describedSegment{Version: d.Version, At: &d.At, Who: d.Who, Text: d.Text}
	if inForce != nil {
		out.Definition = *inForce
	}
	if out.ID != d.ID || out.Name != d.Name || out.Rule != d.Rule || out.Members != d.Members {
		out.State = lookup.Pending
	}
	out.ID, out.Name, out.Rule, out.Members = d.ID, d.Name, d.Rule, d.Members
	return out
}
