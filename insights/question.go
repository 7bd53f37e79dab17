package insights

import (
	"fmt"
	"slices"

	"muster/lookup"
	"muster/snapshot"
)

// Spell is what whoever asks calls a part of a question: a flag, or a field.
type Spell func(part string) string

// QuestionError says that a question can't be asked so.
type QuestionError struct{ text string }

// Error implements error.
func (e *QuestionError) Error() string { return e.text }

func wrong(format string, arguments ...any) error {
	return &QuestionError{fmt.Sprintf(format, arguments...)}
}

// RuleError is what is wrong with a rule or a condition of a question: rules.Errors.
type RuleError struct {
	Part string // of the question, as a Spell takes it
	Err  error
}

// Error implements error.
func (e *RuleError) Error() string { return e.Part + " can't be used:\n\n" + e.Err.Error() }

// Unwrap returns the mistakes.
func (e *RuleError) Unwrap() error { return e.Err }

// CheckOverlap returns why the overlap of segments can't be asked for.
func CheckOverlap(segments []string) error {
	if n := len(segments); n < FewestOverlaps || n > MostOverlaps {
		return wrong("%d segments are named; it takes %d to %d", n, FewestOverlaps, MostOverlaps)
	}
	for i, id := range segments {
		if slices.Contains(segments[:i], id) {
			return wrong("segment %s is named twice", lookup.Shown(id))
		}
	}
	return nil
}

// OverlapOfSegments counts every combination of segments.
func OverlapOfSegments(c *snapshot.Columns, segments []string) (*Overlap, error) {
	groups := make([]Group, len(segments))
	for i, id := range segments {
		var err error
		if groups[i], err = groupOf(c, id); err != nil {
			return nil, err
		}
	}
	return OverlapOf(c, groups)
}

// groupOf is the members of a segment, or a *lookup.AbsentError.
func groupOf(c *snapshot.Columns, segment string) (Group, error) {
	members, known := c.Members(segment)
	if !known {
		return Group{}, lookup.UnknownAmong(segment, c.Segments())
	}
	return Group{Name: segment, Segment: segment, Of: members}, nil
}
