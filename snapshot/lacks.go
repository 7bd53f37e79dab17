package snapshot

import (
	"context"
	"encoding/json"
	"time"

	"muster/pipeline"
	"muster/rules"
)

// Marker says what shards have not kept.
type Marker interface {
	// LacksOfDraft is as that of sink.Store.
	LacksOfDraft(ctx context.Context, shard int, set *rules.Set) ([]pipeline.Mark, error)
}

// Lack says why nobody can be exact about a segment of a Question.
type Lack struct {
	Segment string
	// Since is from when on all events that it counts are kept, in ms since
	// 1970 UTC, the latest of all shards; 0 for always.
	Since int64
	// Untracked says that of some of its events nothing is kept, as no rule in
	// force asks for them.
	Untracked bool
	// Held says that its rule has held(...): since when a condition is true is
	// remembered only of conditions of the rules in force.
	Held bool
}

// lackText is a Lack as JSON has it, its instant in RFC 3339.
type lackText struct {
	Segment   string  `json:"segment"`
	Untracked bool    `json:"not_tracked"`
	Held      bool    `json:"held"`
	Since     *string `json:"complete_since"`
}

const millisLayout = "2006-01-02T15:04:05.000Z"

// MarshalJSON implements json.Marshaler.
func (l Lack) MarshalJSON() ([]byte, error) {
	text := lackText{Segment: l.Segment, Untracked: l.Untracked, Held: l.Held}
	if l.Since != 0 {
		since := time.UnixMilli(l.Since).UTC().Format(millisLayout)
		text.Since = &since
	}
	return json.Marshal(text)
}

// UnmarshalJSON implements json.Unmarshaler.
func (l *Lack) UnmarshalJSON(data []byte) error {
	var text lackText
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	*l = Lack{Segment: text.Segment, Untracked: text.Untracked, Held: text.Held}
	if text.Since == nil {
		return nil
	}
	since, err := time.Parse(time.RFC3339, *text.Since)
	l.Since = since.UnixMilli()
	return err
}

// Lacks lists the segments of a question that lack something, in the order of
// their ids. Shards without a profile lack nothing.
func (s *Snapshot) Lacks(ctx context.Context, q *Question, from Marker) ([]Lack, error) {
	of := map[string]Lack{}
	for number := range s.shards {
		if s.shards[number].clock == 0 {
			continue
		}
		marks, err := from.LacksOfDraft(ctx, number, q.set)
		if err != nil {
			return nil, err
		}
		for _, mark := range marks {
			one := of[mark.Segment]
			one.Since = max(one.Since, mark.Since)
			one.Untracked = one.Untracked || mark.Since >= s.shards[number].clock
			of[mark.Segment] = one
		}
	}
	var lacks []Lack
	for _, position := range q.asked {
		one := of[q.id(position)]
		one.Segment, one.Held = q.id(position), q.set.UsesHeld(position)
		if one.Since != 0 || one.Held {
			lacks = append(lacks, one)
		}
	}
	return lacks, nil
}
