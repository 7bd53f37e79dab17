package snapshot

import (
	"fmt"
	"slices"
	"strings"

	"muster/rules"
)

// Question is what is asked of a snapshot: how many profiles some segments
// have. It is immutable.
//
// The key is equal for questions that mean the same, and "" where that is not
// known.
type Question struct {
	set   *rules.Set
	asked []int // positions in set
	key   string
	draft bool // whether it is no rule
	live  bool // whether it asks too who would enter and leave
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
	id := RuleID
	for n := 2; beside != nil && has(beside, id); n++ {
		id = fmt.Sprintf("%s-%d", RuleID, n)
	}
	set, err := rules.Try(rules.NewSegment(id, rule), beside)
	if err != nil {
		return nil, err
	}
	position, _ := set.Position(id)
	return &Question{set: set, asked: []int{position}}, nil
}

func has(set *rules.Set, id string) bool {
	_, known := set.Position(id)
	return known
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
	q := &Question{set: set, draft: true, live: againstLive}
	for position := range set.Len() {
		q.asked = append(q.asked, position)
	}
	slices.SortFunc(q.asked, func(a, b int) int { return strings.Compare(q.id(a), q.id(b)) })
	return q
}

func (q *Question) id(position int) string { return q.set.Segment(position).ID }
