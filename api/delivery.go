package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"muster/api/access"
	"muster/lookup"
)

// Delivery is what the API asks and orders about what came of sending.
type Delivery interface {
	// Destination tells how far one has come.
	Destination(ctx context.Context, name string) (lookup.Destination, error)
	// DeadLetters calls fn with dead letters of a destination, those of a
	// profile unless it is "", from a cursor on, and returns where to go on.
	DeadLetters(ctx context.Context, name, profile, cursor string, limit int, fn func(*lookup.DeadLetter) error) (next string, err error)
	// Resend has dead letters sent again, and returns how many.
	Resend(ctx context.Context, name, profile string) (int, error)
}

type destinationOutput struct{ Body lookup.Destination }

type deadInput struct {
	Name    string `path:"name" minLength:"1" maxLength:"64" example:"crm" doc:"The name of the destination."`
	Profile string `query:"profile" doc:"Only messages with changes of this profile."`
	Limit   int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many to return."`
	Cursor  string `query:"cursor" maxLength:"200" doc:"Where to go on: next of the page before."`
}

type deadOutput struct {
	Body struct {
		Letters []*lookup.DeadLetter `json:"dead_letters"`
		Next    string               `json:"next" doc:"The cursor of the page behind; empty when these were all."`
	}
}

type resendInput struct {
	Name string `path:"name" minLength:"1" maxLength:"64" example:"crm" doc:"The name of the destination."`
	Body *struct {
		Profile string `json:"profile,omitempty" nullable:"true" maxLength:"65536" doc:"Only messages with changes of this profile. Default: all."`
	}
}

// resent is how many dead letters wait to be sent again.
type resent struct {
	Destination string `json:"destination"`
	Messages    int    `json:"messages" doc:"How many wait to be sent again, within ten seconds where evaluators run."`
}

func (r *routes) addDelivery(delivery Delivery) {
	huma.Register(r.api, huma.Operation{
		OperationID: "get-destination", Method: http.MethodGet, Path: "/v1/destinations/{name}", Summary: "How far a destination has come", Tags: []string{"destinations"},
		Security: needs(access.Read),
	}, func(ctx context.Context, in *destinationInput) (*destinationOutput, error) {
		one, err := delivery.Destination(ctx, in.Name)
		if err != nil {
			return nil, r.failed(ctx, err)
		}
		return &destinationOutput{one}, nil
	})
	huma.Register(r.api, huma.Operation{
		OperationID: "list-dead-letters", Method: http.MethodGet, Path: "/v1/destinations/{name}/dead-letters", Tags: []string{"destinations"},
		Summary: "What a destination was not sent in the end, and why", Security: needs(access.Read),
		Description: "Shard by shard, and in each the oldest first. Each shard keeps the newest 10,000. What is given up or sent again between two pages may be missing " +
			"or come twice.",
	}, func(ctx context.Context, in *deadInput) (*deadOutput, error) {
		out := &deadOutput{}
		out.Body.Letters = []*lookup.DeadLetter{}
		var err error
		out.Body.Next, err = delivery.DeadLetters(ctx, in.Name, in.Profile, in.Cursor, max(in.Limit, 1), func(one *lookup.DeadLetter) error {
			out.Body.Letters = append(out.Body.Letters, one)
			return nil
		})
		if err != nil {
			return nil, r.failed(ctx, err)
		}
		return out, nil
	})
	huma.Register(r.api, r.order(huma.Operation{
		OperationID: "resend-dead-letters", Path: "/v1/destinations/{name}/dead-letters/resend", Summary: "Send dead letters again", MaxBodyBytes: maxBody,
		Description: "As evaluator activate dead --resend: under the ids that they had. They are not listed any more, unless they are given up once more.",
	}, typeOf[resent]()), func(_ context.Context, in *resendInput) (*huma.StreamResponse, error) {
		profile := ""
		if in.Body != nil {
			profile = in.Body.Profile
		}
		return r.carryOut(func(ctx context.Context) (any, error) {
			messages, err := delivery.Resend(ctx, in.Name, profile)
			return resent{in.Name, messages}, err
		}), nil
	})
}
