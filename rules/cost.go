package rules

import (
	"fmt"
	"math"
	"strconv"

	"muster/profile"
	"muster/rules/internal/engine"
	"muster/rules/internal/language"
)

// Cost says what a segment costs to match and to keep.
type Cost struct {
	Segment string `json:"segment"`
	// Indexed is how many of the rule's predicates a change leads to
	// directly; Computed lists those that are computed each time something
	// they mention changes.
	Indexed  int      `json:"indexed"`
	Computed []string `json:"computed,omitempty"`
	// Share is the estimated share of profiles in the segment, 0 to 1.
	Share float64 `json:"share"`
	// Aggregates are the series that profiles keep because of this segment;
	// one that an earlier segment needs too is shared and listed there only.
	Aggregates []string `json:"aggregates,omitempty"`
	// Bytes estimates what these add to a profile with 20 events in each, and
	// what its conditions of held(...) add that no earlier segment has.
	Bytes int `json:"bytes"`
}

// costEvents is the number of events per series that Cost.Bytes assumes.
const costEvents = 20

// Bytes that one event takes in a blob: a time in days is about 4, a number
// 9, a short text 10.
var bytesPerEvent = map[profile.Keep]int{
	profile.KeepTotalNumbers: 13, profile.KeepTotalDistinct: 10, profile.KeepSlidingTimes: 4, profile.KeepSlidingNumbers: 13, profile.KeepSlidingValues: 14,
	profile.KeepRecentSequence: 5, profile.KeepTotalSequence: 5,
}

// bytesPerSeries is what a series takes without events.
const bytesPerSeries = 30

// bytesPerHeld is what a condition of held(...) takes where it is true.
const bytesPerHeld = 10

// Costs estimates the cost of every segment, in order of ids.
func (s *Set) Costs() []Cost {
	seen := map[string]bool{}
	costs := make([]Cost, 0, len(s.byID))
	for _, position := range s.byID {
		costs = append(costs, costOf(&s.segments[position], seen))
	}
	return costs
}

func costOf(s *Segment, seen map[string]bool) Cost {
	rule, _ := language.Check(s.Rule)
	found := engine.OutlineOf(rule.Term)
	cost := Cost{Segment: s.ID, Indexed: found.Indexed, Computed: found.Computed, Share: found.Share}
	rule.Term.Deep(func(term *language.Term) {
		if term.Op == language.OpHeld && !seen[term.Args[0].String()] {
			seen[term.Args[0].String()] = true
			cost.Bytes += bytesPerHeld
		}
		if term.Op != language.OpAggregate || seen[term.Aggregate.Key()] {
			return
		}
		seen[term.Aggregate.Key()] = true
		keep := term.Aggregate.Keep()
		cost.Aggregates = append(cost.Aggregates, term.Aggregate.Text())
		cost.Bytes += bytesPerSeries + costEvents*bytesPerEvent[keep]
	})
	return cost
}

// String is the cost on one line. What is only guessed has a ~.
func (c Cost) String() string {
	kind := "indexed"
	if len(c.Computed) > 0 {
		kind = fmt.Sprintf("%d of %d computed", len(c.Computed), len(c.Computed)+c.Indexed)
	}
	return fmt.Sprintf("%s: %s, %d aggregates, at a guess ~%s %% of profiles and ~%d bytes a profile",
		c.Segment, kind, len(c.Aggregates), guess(100*c.Share), c.Bytes)
}

// guess writes a figure that nobody has measured with the one digit that can
// be believed.
func guess(figure float64) string {
	if figure == 0 {
		return "0"
	}
	size := math.Pow(10, math.Floor(math.Log10(figure)))
	return strconv.FormatFloat(math.Round(figure/size)*size, 'f', max(0, -int(math.Log10(size))), 64)
}
