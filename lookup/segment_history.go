package lookup

import (
	"context"
	"time"

	"muster/sink"
)

// Step is how long the intervals of a history are.
type Step string

// The steps, in UTC.
const (
	Hourly Step = "hour"
	Daily  Step = "day"
)

// mostIntervals bounds the intervals of one history.
const mostIntervals = 1000

// SegmentHistoryQuery is what is asked of a segment's history.
type SegmentHistoryQuery struct {
	// From and To are its ends; nil: up to now, and 24 hours or 30 days.
	From, To *Instant
	Step     Step
}

// SegmentHistory is how a segment has changed.
type SegmentHistory struct {
	Segment string `json:"segment"`
	Step    Step   `json:"step" enum:"hour,day"`
	// CompleteSince is nil for always.
	CompleteSince *Instant   `json:"complete_since" doc:"Since when changes are counted and kept; what was before is left out. null: always."`
	Intervals     []Interval `json:"intervals" doc:"One after the other, those without a change too."`
}

// Interval is an hour or a day of a history.
type Interval struct {
	At      Instant `json:"at" doc:"When it begins, in UTC."`
	Size    int64   `json:"size" doc:"How many members there were at its end, or are now."`
	Entered int64   `json:"entered" doc:"How often a profile entered."`
	Left    int64   `json:"left" doc:"How often one left."`
	Reach   *int64  `json:"reach,omitempty" doc:"Of a day: about how many members were active."`
}

// SegmentHistory tells how a segment has changed in the hours or days from one
// instant up to another, those in which the ends are included.
func (r *Reader) SegmentHistory(ctx context.Context, segment string, q SegmentHistoryQuery) (*SegmentHistory, error) {
	if _, known := r.rules().Position(segment); !known {
		if err := r.UnknownSegment(ctx, segment); err != nil {
			return nil, err
		}
	}
	return r.SegmentHistoryOf(ctx, segment, q, time.Now())
}

// SegmentHistoryOf is SegmentHistory of a segment of which it is not looked whether there is
// one, as of an instant.
func (r *Reader) SegmentHistoryOf(ctx context.Context, segment string, q SegmentHistoryQuery, now time.Time) (*SegmentHistory, error) {
	step, from, to, err := q.rangeOf(now)
	if err != nil {
		return nil, err
	}
	flows, err := r.store.Flows(ctx, segment, step, from)
	switch {
	case err != nil:
		return nil, err
	case flows.Since < 0:
		return nil, input("who enters and leaves is not counted by the %s here: set redis.%s to how many days to keep it",
			q.Step, map[Step]string{Hourly: "hourly_flow_days", Daily: "daily_flow_days"}[q.Step])
	}
	h := &SegmentHistory{Segment: segment, Step: q.Step, Intervals: intervalsOf(flows, step, from, to)}
	if flows.Since > 0 {
		since := Instant(flows.Since)
		h.CompleteSince = &since
	}
	if step == sink.Day && len(h.Intervals) > 0 {
		err = r.addReach(ctx, h)
	}
	return h, err
}

// rangeOf returns the first and the last interval that are asked for.
func (q *SegmentHistoryQuery) rangeOf(now time.Time) (step sink.Step, from, to int64, err error) {
	span := 24 * time.Hour
	switch q.Step {
	case Hourly:
		step = sink.Hour
	case Daily:
		step, span = sink.Day, 30*24*time.Hour
	default:
		return 0, 0, 0, input("the step %s is none; it is hour or day", Shown(string(q.Step)))
	}
	to = now.UnixMilli()
	if q.To != nil {
		to = int64(*q.To)
	}
	from = to - span.Milliseconds() + step.Length()
	if q.From != nil {
		from = int64(*q.From)
	}
	switch {
	case from > to:
		return 0, 0, 0, input("from is %s, behind to, which is %s", Instant(from), Instant(to))
	case from > now.UnixMilli():
		return 0, 0, 0, input("from is %s, which is to come", Instant(from))
	}
	from, to = step.Begin(from), step.Begin(min(to, now.UnixMilli()))
	if n := (to-from)/step.Length() + 1; n > mostIntervals {
		return 0, 0, 0, input("from %s to %s there are %d %ss, and one answer has %d: ask for less at once, or for days",
			Instant(from), Instant(to), n, q.Step, mostIntervals)
	}
	return step, from, to, nil
}

// intervalsOf goes back from the size of now. What is before the flows are
// complete is left out.
func intervalsOf(f sink.Flows, step sink.Step, from, to int64) []Interval {
	from = max(from, step.Begin(f.Since))
	all := make([]Interval, max(0, (to-from)/step.Length()+1))
	size, rest := f.Size, f.Flows
	for i := len(all) - 1; i >= 0; i-- {
		all[i].At = Instant(from + int64(i)*step.Length())
		all[i].Size = size
		for ; len(rest) > 0 && rest[len(rest)-1].At >= int64(all[i].At); rest = rest[:len(rest)-1] {
			flow := rest[len(rest)-1]
			if size -= flow.Entered - flow.Left; flow.At == int64(all[i].At) {
				all[i].Entered, all[i].Left = flow.Entered, flow.Left
			} else {
				all[i].Size = size // it is of later
			}
		}
	}
	return all
}

func (r *Reader) addReach(ctx context.Context, h *SegmentHistory) error {
	dayOf := func(i *Interval) int64 { return int64(i.At) / sink.Day.Length() }
	first, last := &h.Intervals[0], &h.Intervals[len(h.Intervals)-1]
	reach, err := r.store.DailyReach(ctx, h.Segment, dayOf(first), dayOf(last))
	for i := range reach {
		h.Intervals[i].Reach = &reach[i]
	}
	return err
}

// flowsFor is how long the flows of the last hours are told again: they take
// more reading than the sizes do.
const flowsFor = 10 * time.Second

// lastDay returns how many entered and left each segment in this hour and the
// 23 before, nil if that is not counted.
func (r *Reader) lastDay(ctx context.Context) (map[string]sink.Flow, error) {
	if now := time.Now(); r.listed.flows == nil || now.Sub(r.listed.flowsAt) > flowsFor {
		flows, err := r.store.LastFlows(ctx, sink.Hour.Begin(now.UnixMilli())-23*sink.Hour.Length())
		if err != nil {
			return nil, err
		}
		r.listed.flows, r.listed.flowsAt = flows, now
	}
	return r.listed.flows, nil
}
