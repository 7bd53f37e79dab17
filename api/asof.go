package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"muster/api/access"
	"muster/lookup"
)

// Past is what the API asks about the past. Times are in milliseconds since 1970
// UTC.
type Past interface {
	// MembersAt calls fn with about limit profiles that were in a segment at a
	// time, 0 for all, from a cursor on, and returns where to go on, "" for nowhere.
	MembersAt(ctx context.Context, segment, cursor string, at int64, limit int, fn func(profile string) error) (next string, err error)
	// MembershipsAt tells in which segments a profile was at a time.
	MembershipsAt(ctx context.Context, id string, at int64) (*lookup.Memberships, error)
	// ProfileHistory tells of up to limit changes of a profile, the newest first.
	ProfileHistory(ctx context.Context, id, cursor string, limit int) (*lookup.ProfileHistory, error)
}

// membersOf asks who is in a segment, or who was.
func (r *routes) membersOf(ctx context.Context, segments Segments, in *membersInput, limit int, fn func(profile string) error) (next string, err error) {
	if in.At.IsZero() {
		return segments.Members(ctx, in.ID, in.Cursor, limit, fn)
	}
	return r.server.parts.Past.MembersAt(ctx, in.ID, in.Cursor, in.At.UnixMilli(), limit, fn)
}

// membershipsOf asks in which segments a profile is, or was, unless that was asked
// in vain already.
func (r *routes) membershipsOf(ctx context.Context, profiles Profiles, in *membershipsInput) (*lookup.Memberships, error) {
	if err := failureOf(ctx); err != nil {
		return nil, err
	}
	if in.At.IsZero() {
		return profiles.Memberships(ctx, in.ID)
	}
	return r.server.parts.Past.MembershipsAt(ctx, in.ID, in.At.UnixMilli())
}

type membershipsInput struct {
	ID string    `path:"id" minLength:"1" maxLength:"5000" example:"u1" doc:"A userId, or the anonymousId of who has none; percent-encoded."`
	At time.Time `query:"at" doc:"As of this time, as 2026-11-21T10:00:00Z, from what redis.chronicle_keep keeps. Default: now."`
}

type profileHistoryInput struct {
	ID     string `path:"id" minLength:"1" maxLength:"5000" example:"u1" doc:"A userId, or the anonymousId of who has none; percent-encoded."`
	Cursor string `query:"cursor" maxLength:"100" doc:"Where to go on: next of the page before."`
	Limit  int    `query:"limit" default:"100" minimum:"1" maximum:"1000" doc:"How many changes to tell of at most."`
}

type profileHistoryOutput struct{ Body *lookup.ProfileHistory }

func (r *routes) addPast(past Past) {
	huma.Register(r.api, huma.Operation{
		OperationID: "get-profile-history", Method: http.MethodGet, Path: "/v1/profiles/{id}/history", Summary: "Every entry and exit of a profile", Tags: []string{"profiles"}, Security: needs(access.Read),
		Description: "With its cause, the newest first, as far back as redis.chronicle_keep keeps them.",
	}, func(ctx context.Context, in *profileHistoryInput) (*profileHistoryOutput, error) {
		h, err := past.ProfileHistory(ctx, in.ID, in.Cursor, in.Limit)
		if err != nil {
			return nil, r.failed(ctx, err)
		}
		return &profileHistoryOutput{h}, nil
	})
}
