package snapshot

import (
	"fmt"
	"slices"
	"strings"

	"muster/rules"
)

// Question is what is asked of a snapshot: how many profiles some segments
// have. It is immutable.
type Question struct {
	set   *rules.Set
	asked []int // positions in set
	live  bool  // whether it asks too who would enter and leave
	// overlap says whether it asks too what the first of asked has in common
	// with each segment in force.
	overlap bool
}

// RuleID is the id that an ad hoc rule has in a Question, or begins with where
// another segment has that id.
const RuleID = "preview"

// OfRule returns the question that a rule is. It may mention the segments of a
// set, which is nil for none.
func OfRule(rule string, beside *rules.Set) (*Question, error) {
	var segments []rules.Segment
	id := RuleID
	if beside != nil {
		for position := range beside.Len() {
			segments = append(segments, *beside.Segment(position))
		}
		for n := 2; slices.Contains(beside.IDs(), id); n++ {
			id = fmt.Sprintf("%s-%d", RuleID, n)
		}
	}
	whole, err := rules.Compile(append(segments, rules.NewSegment(id, rule)))
	if err != nil {
		return nil, err
	}
	position, _ := whole.Position(id)
	needed, err := whole.Subset([]int{position})
	if err != nil {
		return nil, err
	}
	position, _ = needed.Position(id)
	return &Question{set: needed, asked: []int{position}}, nil
}

// WithOverlap returns the question of a rule that also asks how many members the
// rule and each segment in force have in common.
func (q *Question) WithOverlap() *Question {
	more := *q
	more.overlap = true
	return &more
}

// OfDraft returns the question after all segments of a set; against live also
// after who would enter and who would leave them, were the set taken over.
func OfDraft(set *rules.Set, againstLive bool) *Question {
	q := &Question{set: set, live: againstLive}
	for position := range set.Len() {
		q.asked = append(q.asked, position)
	}
	slices.SortFunc(q.asked, func(a, b int) int { return strings.Compare(q.id(a), q.id(b)) })
	return q
}

func (q *Question) id(position int) string { return q.set.Segment(position).ID }
