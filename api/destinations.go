package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"muster/api/access"
	"muster/lookup"
)

// Destinations is what the API asks and orders about destinations.
type Destinations interface {
	// Destinations tells of all destinations that are configured.
	Destinations(ctx context.Context) ([]lookup.Destination, error)
	// Pause has a destination sent nothing, for a reason, until it is resumed.
	Pause(ctx context.Context, name, reason string) error
	// Resume has it sent to again, whatever it was stopped by.
	Resume(ctx context.Context, name string) error
}

type destinationList struct {
	Body struct {
		Destinations []lookup.Destination `json:"destinations"`
	}
}

type pauseInput struct {
	Name string `path:"name" minLength:"1" maxLength:"64" example:"crm" doc:"The name of the destination."`
	Body *struct {
		Reason string `json:"reason,omitempty" nullable:"true" maxLength:"200" doc:"Why, for whoever looks at it. Default: by hand, and whose token it was."`
	}
}

type resumeInput struct {
	Name string `path:"name" minLength:"1" maxLength:"64" example:"crm" doc:"The name of the destination."`
}

func (r *routes) addDestinations(destinations Destinations) {
	huma.Register(r.api, huma.Operation{
		OperationID: "list-destinations", Method: http.MethodGet, Path: "/v1/destinations", Summary: "How far each destination has come", Tags: []string{"destinations"},
		Security: needs(access.Read),
	}, func(ctx context.Context, _ *struct{}) (*destinationList, error) {
		list, err := destinations.Destinations(ctx)
		if err != nil {
			return nil, r.failed(ctx, err)
		}
		out := &destinationList{}
		out.Body.Destinations = list
		return out, nil
	})
	huma.Register(r.api, huma.Operation{
		OperationID: "pause-destination", Method: http.MethodPost, Path: "/v1/destinations/{name}/pause", Summary: "Send a destination nothing", Tags: []string{"destinations"},
		Security: needs(access.Write), DefaultStatus: http.StatusNoContent, MaxBodyBytes: maxBody,
		Description: "Within two seconds, until it is resumed. Its changes wait, as long as the outbox keeps them.",
	}, func(ctx context.Context, in *pauseInput) (*struct{}, error) {
		reason := "by hand of " + access.HolderOf(ctx).Name
		if in.Body != nil && in.Body.Reason != "" {
			reason = in.Body.Reason
		}
		if err := destinations.Pause(ctx, in.Name, reason); err != nil {
			return nil, r.failed(ctx, err)
		}
		return nil, nil
	})
	huma.Register(r.api, huma.Operation{
		OperationID: "resume-destination", Method: http.MethodPost, Path: "/v1/destinations/{name}/resume", Summary: "Go on with a destination", Tags: []string{"destinations"},
		Security: needs(access.Write), DefaultStatus: http.StatusNoContent,
		Description: "Within two seconds, whether it was paused or has answered 410 Gone.",
	}, func(ctx context.Context, in *resumeInput) (*struct{}, error) {
		if err := destinations.Resume(ctx, in.Name); err != nil {
			return nil, r.failed(ctx, err)
		}
		return nil, nil
	})
}
