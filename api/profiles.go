package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"muster/api/access"
	"muster/lookup"
)

// Profiles is what the API asks about profiles.
type Profiles interface {
	// Profile tells of a profile, as much as an extent says.
	Profile(ctx context.Context, id string, most lookup.Extent) (*lookup.Profile, error)
	// Memberships tells in which segments a profile is.
	Memberships(ctx context.Context, id string) (*lookup.Memberships, error)
	// Explain explains a segment for a profile as of a time in milliseconds
	// since 1970 UTC, 0 for the clock of its shard.
	Explain(ctx context.Context, id, segment string, at int64) (*lookup.Explained, error)
}

type profileFullInput struct {
	ID     string `path:"id" minLength:"1" maxLength:"5000" example:"u1" doc:"A userId, or the anonymousId of who has none; percent-encoded."`
	Outbox int    `query:"outbox" default:"10000" minimum:"0" maximum:"100000" doc:"How many of the shard's newest changes to look through for since when a membership is."`
	Most   int    `query:"aggregates" default:"100" minimum:"0" maximum:"10000" doc:"How many aggregates to tell, in the order of their texts: the values that the rules ask of the profile's events."`
}

type profileOutput struct{ Body *lookup.Profile }

type explainInput struct {
	ID      string    `path:"id" minLength:"1" maxLength:"5000" example:"u1" doc:"A userId, or the anonymousId of who has none; percent-encoded."`
	Segment string    `query:"segment" required:"true" minLength:"1" maxLength:"64" example:"vip" doc:"The segment to explain."`
	At      time.Time `query:"at" doc:"Explain as of this time, as 2026-11-21T10:00:00Z, not before the shard's clock. Default: the clock."`
}

// explained is an explanation, and what to know about it.
type explained struct {
	*lookup.Explained
	Warning string `json:"warning,omitempty"`
}

type explainOutput struct{ Body *explained }

func (r *routes) addProfiles(profiles Profiles) {
	huma.Register(r.api, huma.Operation{
		OperationID: "get-profile", Method: http.MethodGet, Path: "/v1/profiles/{id}", Summary: "What is kept of a profile", Tags: []string{"profiles"}, Security: needs(access.Read),
	}, func(ctx context.Context, in *profileFullInput) (*profileOutput, error) {
		p, err := profiles.Profile(ctx, in.ID, lookup.Extent{Outbox: in.Outbox, Aggregates: in.Most})
		if err != nil {
			return nil, r.failed(ctx, err)
		}
		return &profileOutput{p}, nil
	})
	r.addMemberships(profiles)
	huma.Register(r.api, huma.Operation{
		OperationID: "explain", Method: http.MethodGet, Path: "/v1/profiles/{id}/explain", Summary: "Why a profile is in a segment or not", Tags: []string{"profiles"}, Security: needs(access.Read),
		Description: "The rule as a tree, with what each part is true for or yields. A condition that time alone will change says when.",
	}, func(ctx context.Context, in *explainInput) (*explainOutput, error) {
		at := int64(0)
		if !in.At.IsZero() {
			at = in.At.UnixMilli()
		}
		x, err := profiles.Explain(ctx, in.ID, in.Segment, at)
		if err != nil {
			return nil, r.failed(ctx, err)
		}
		out := &explained{Explained: x}
		if x.Foreign {
			out.Warning = "The rules in force here are not yet those that the profile's shard goes by: what only they ask for shows as absent."
		}
		return &explainOutput{out}, nil
	})
}
