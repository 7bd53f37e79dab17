package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"muster/api/access"
	"muster/history/queue"
)

// Starts has backfills started.
type Starts interface {
	// Start orders one, and returns it as it is then. The error is queue.ErrFull
	// where too many orders wait.
	Start(ctx context.Context, order queue.Order) (*queue.Entry, error)
}

// usualPriority is that of an order that names none.
const usualPriority = 50

type startInput struct {
	Body struct {
		Segments []string `json:"segments" minItems:"1" maxItems:"10000" nullable:"false" doc:"Ids of the segments that history is brought for."`
		Priority *int     `json:"priority,omitempty" minimum:"0" maximum:"100" doc:"Of those that wait the highest comes first; 50 where it is left out."`
		Again    bool     `json:"again,omitempty" doc:"Bring history once more where that was done for the same segments and rules."`
	}
}

type startOutput struct {
	Location string `header:"Location" doc:"Where to ask how far it is."`
	Body     *backfill
}

func (r *routes) addStarts(starts Starts) {
	huma.Register(r.api, huma.Operation{
		OperationID: "start-backfill", Method: http.MethodPost, Path: "/v1/backfills", Summary: "Bring history for segments", Tags: []string{"backfills"},
		Security: needs(access.Write), DefaultStatus: http.StatusAccepted, MaxBodyBytes: maxBody,
		Description: "As evaluator backfill start --segment, by the process of evaluator backfill keep that has the same work directory, with its archive and flags. " +
			"It is asked until that process takes it, the oldest first, and then a request, with an id of its own. At most 100 wait.",
	}, func(ctx context.Context, in *startInput) (*startOutput, error) {
		if starts == nil {
			return nil, noBackfills(ctx)
		}
		order := queue.Order{Segments: in.Body.Segments, Priority: usualPriority, Again: in.Body.Again, Who: access.HolderOf(ctx).Name}
		if in.Body.Priority != nil {
			order.Priority = *in.Body.Priority
		}
		e, err := starts.Start(ctx, order)
		switch {
		case errors.Is(err, queue.ErrFull):
			p := problem(http.StatusServiceUnavailable, "See that evaluator backfill keep runs with this work directory, and ask again later; "+
				"or cancel some that GET /v1/backfills lists as asked.", "%s", sentence(queue.ErrFull.Error()))
			p.headers, p.Request = http.Header{"Retry-After": {"60"}}, requestOf(ctx)
			return nil, p
		case err != nil:
			return nil, r.failed(ctx, err)
		}
		return &startOutput{"/v1/backfills/" + e.ID, backfillOf(e, nil)}, nil
	})
}
