package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"muster/api/access"
	"muster/lookup"
)

// Histories is what the API asks about the past of segments.
type Histories interface {
	// SegmentHistory tells how a segment has changed.
	SegmentHistory(ctx context.Context, segment string, q lookup.SegmentHistoryQuery) (*lookup.SegmentHistory, error)
}

type segmentHistoryInput struct {
	ID   string    `path:"id" minLength:"1" maxLength:"64" example:"vip" doc:"The id of the segment."`
	From time.Time `query:"from" doc:"In which hour or day to begin. Default: 24 hours, or 30 days, before to."`
	To   time.Time `query:"to" doc:"In which hour or day to end. Default: now."`
	Step string    `query:"step" enum:"hour,day" default:"hour" doc:"How long the intervals are, in UTC."`
}

type segmentHistoryOutput struct{ Body *lookup.SegmentHistory }

func (r *routes) addHistory(histories Histories) {
	huma.Register(r.api, huma.Operation{
		OperationID: "get-history", Method: http.MethodGet, Path: "/v1/segments/{id}/history", Summary: "How a segment has changed", Tags: []string{"segments"}, Security: needs(access.Read),
		Description: "Its size at the end of each hour or day, and how often profiles entered and left, up to 1,000 intervals. What the history of an archive " +
			"brings counts in the hour in which it comes to the shard.",
	}, func(ctx context.Context, in *segmentHistoryInput) (*segmentHistoryOutput, error) {
		h, err := histories.SegmentHistory(ctx, in.ID, lookup.SegmentHistoryQuery{From: instantOf(in.From), To: instantOf(in.To), Step: lookup.Step(in.Step)})
		if err != nil {
			return nil, r.failed(ctx, err)
		}
		return &segmentHistoryOutput{h}, nil
	})
}

// instantOf is nil for a time that was not given.
func instantOf(t time.Time) *lookup.Instant {
	if t.IsZero() {
		return nil
	}
	at := lookup.Instant(t.UnixMilli())
	return &at
}
