package snapshot

import (
	"context"
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
	Segment string `json:"segment"`
	// Untracked says that of some of its events nothing is kept, as no rule in
	// force asks for them.
	Untracked bool `json:"not_tracked"`
	// Held says that its rule has held(...): since when a condition is true is
	// remembered only of conditions of the rules in force.
	Held bool `json:"held"`
	// Since is from when on all events that it counts are kept, the latest of all
	// shards.
	Since Instant `json:"complete_since"`
}

// Instant is in ms since 1970 UTC, 0 for always. JSON has it in RFC 3339, null
// for always.
type Instant int64

const millisLayout = "2006-01-02T15:04:05.000Z"

// MarshalJSON implements json.Marshaler.
func (i Instant) MarshalJSON() ([]byte, error) {
	if i == 0 {
		return []byte("null"), nil
	}
	return []byte(`"` + time.UnixMilli(int64(i)).UTC().Format(millisLayout) + `"`), nil
}

// UnmarshalText implements encoding.TextUnmarshaler; null leaves it as it is.
func (i *Instant) UnmarshalText(text []byte) error {
	at, err := time.Parse(time.RFC3339, string(text))
	*i = Instant(at.UnixMilli())
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
			one.Since = max(one.Since, Instant(mark.Since))
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
