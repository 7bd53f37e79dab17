package keeping

import (
	"strconv"
	"time"

	"muster/pipeline"
	"muster/rules"
)

// Reason says why history is wanted for a segment.
type Reason string

// The reasons. Of several the first counts.
const (
	ReasonNew     Reason = "new"     // none was brought so far
	ReasonEdited  Reason = "edited"  // it has another meaning since
	ReasonLost    Reason = "lost"    // a shard knows nothing of any run: its store was lost, or the shards were made anew
	ReasonLacking Reason = "lacking" // a shard has not kept events that it counts, and that the archive has
	ReasonSilent  Reason = "silent"  // it is long ago, and profiles that were silent may have been removed since
)

// Want is a segment that history is to be brought for.
type Want struct {
	Segment string `json:"segment"`
	Reason  Reason `json:"reason"`
}

// Shard is what one shard tells.
type Shard struct {
	Lacks []pipeline.Mark // what it can't be exact about, see pipeline.LacksOf
	Seams []pipeline.Seam
}

// Wants lists the segments with backfill: auto that history is wanted for, in
// the order of the set. After every has passed since history was brought for a
// segment it is wanted again; 0 for never.
func Wants(set *rules.Set, r *Record, shards []Shard, now time.Time, every time.Duration) []Want {
	lost, lacks := r.lost(shards), latest(shards)
	var wants []Want
	for position, id := range set.IDs() {
		if !set.Segment(position).Backfill {
			continue
		}
		given, known := r.Segments[id]
		since, lacking := lacks[id]
		reason := Reason("")
		switch {
		case !known:
			reason = ReasonNew
		case given.Meaning != meaning(set, position):
			reason = ReasonEdited
		case lost:
			reason = ReasonLost
		case lacking && since > given.Whole:
			reason = ReasonLacking
		case every > 0 && now.Sub(time.UnixMilli(given.Ended)) >= every:
			reason = ReasonSilent
		default:
			continue
		}
		wants = append(wants, Want{id, reason})
	}
	return wants
}

// latest returns since when all shards have kept what each segment counts, of
// those that lack something.
func latest(shards []Shard) map[string]int64 {
	since := map[string]int64{}
	for i := range shards {
		for _, mark := range shards[i].Lacks {
			since[mark.Segment] = max(since[mark.Segment], mark.Since)
		}
	}
	return since
}

// lost reports whether a shard knows none of the runs that were brought to it.
// Shards forget runs one by one, the oldest first, but never the last.
func (r *Record) lost(shards []Shard) bool {
	runs := map[string]bool{}
	for _, given := range r.Segments {
		runs[given.Run] = true
	}
	for i := range shards {
		known := len(runs) == 0
		for _, seam := range shards[i].Seams {
			known = known || runs[seam.Run]
		}
		if !known {
			return true
		}
	}
	return false
}

func meaning(set *rules.Set, position int) string {
	return strconv.FormatUint(set.Wording(position), 16)
}
