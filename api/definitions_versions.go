package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"muster/api/access"
	"muster/lookup"
	"muster/segments"
)

// Versions is what definitions were.
type Versions interface {
	// Versions returns versions that are kept, newest first, up to most of
	// those before one, 0 for all; with an id those that have changed its
	// segment.
	Versions(ctx context.Context, id string, before int64, most int) ([]segments.Version, error)
	// GetAt returns a definition as it was with a version.
	GetAt(ctx context.Context, id string, version int64) (segments.Definition, error)
	// At returns all definitions as they were with a version.
	At(ctx context.Context, version int64) (map[string]segments.Definition, error)
}

// versionsDefault is how many versions a page has unless it says otherwise.
const versionsDefault = 100

// segmentVersion is a version of the definitions that has changed a segment.
type segmentVersion struct {
	Version int64          `json:"version"`
	At      lookup.Instant `json:"at"`
	Who     string         `json:"who" doc:"By the API the name of the token; by the command who was logged in, or --as."`
	Message string         `json:"message" doc:"Why; empty where nobody has said."`
	Change  string         `json:"change" enum:"added,changed,removed"`
	Was     int64          `json:"was" doc:"The version that had brought the text before; 0 for none."`
}

// changeOf says in a word what a version has done to a segment.
func changeOf(removed bool, was int64) string {
	switch {
	case removed:
		return "removed"
	case was == 0:
		return "added"
	}
	return "changed"
}

type segmentVersionsInput struct {
	ID     string `path:"id" minLength:"1" maxLength:"64" example:"vip" doc:"The id of the segment, which may have been removed."`
	Cursor int64  `query:"cursor" minimum:"1" maximum:"9007199254740991" doc:"Where to go on: next of the page before. It is a version: older ones are told."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" doc:"At most how many. Default: 100."`
}

type segmentVersionsOutput struct {
	Body struct {
		Versions []segmentVersion `json:"versions" doc:"Newest first."`
		Next     string           `json:"next" doc:"The cursor to go on with; empty when these were all that are kept."`
	}
}

type segmentVersionInput struct {
	ID      string `path:"id" minLength:"1" maxLength:"64" example:"vip" doc:"The id of the segment."`
	Version int64  `path:"version" minimum:"1" maximum:"9007199254740991" doc:"A version of all definitions, whether it has changed this one or not."`
	Against int64  `query:"against" default:"-1" minimum:"-1" maximum:"9007199254740991" doc:"Tell also what has changed since this version; 0: since there was nothing."`
}

type segmentVersionOutput struct{ Body definitionAsItWas }

// Stored is a definition by a name that openapi.json is made from: huma passes
// over what is embedded by one that is not exported.
type Stored = definition

type definitionAsItWas struct {
	Stored
	Diff *string `json:"diff,omitempty" doc:"With against: how the text has changed since then, as the hunks of a unified diff; empty when it is the same."`
}

func (r *routes) addSegmentVersions() {
	huma.Register(r.api, huma.Operation{
		OperationID: "list-segment-versions", Method: http.MethodGet, Path: "/v1/segments/{id}/versions", Summary: "Who has changed a segment, and when", Tags: []string{"segments"},
		Security:    needs(access.Read),
		Description: "Of the newest redis.definition_versions that are kept. A segment without any is an empty list.",
	}, func(ctx context.Context, in *segmentVersionsInput) (*segmentVersionsOutput, error) {
		out, err := r.segmentVersions(ctx, in)
		if err != nil {
			return nil, r.failedDefinition(ctx, in.ID, err)
		}
		return out, nil
	})
	huma.Register(r.api, huma.Operation{
		OperationID: "get-segment-version", Method: http.MethodGet, Path: "/v1/segments/{id}/versions/{version}", Summary: "A segment as it was", Tags: []string{"segments"},
		Security:    needs(access.Read),
		Description: "Its version is that of its text, and so may be older than the one that was asked for.",
	}, func(ctx context.Context, in *segmentVersionInput) (*segmentVersionOutput, error) {
		out, err := r.asItWas(ctx, in)
		if err != nil {
			return nil, r.failedDefinition(ctx, in.ID, err)
		}
		return out, nil
	})
}

func (r *routes) segmentVersions(ctx context.Context, in *segmentVersionsInput) (*segmentVersionsOutput, error) {
	kept, err := r.definitions()
	if err != nil {
		return nil, err
	}
	limit := cmp.Or(in.Limit, versionsDefault)
	list, err := kept.Versions(ctx, in.ID, in.Cursor, limit+1)
	if err != nil {
		return nil, err
	}
	out := &segmentVersionsOutput{}
	if len(list) > limit {
		list = list[:limit]
		out.Body.Next = strconv.FormatInt(list[limit-1].Version, 10)
	}
	out.Body.Versions = make([]segmentVersion, len(list))
	for i := range list {
		v, c := &list[i], &list[i].Changes[0] // of one segment there is one
		out.Body.Versions[i] = segmentVersion{v.Version, lookup.Instant(v.At), v.Who, v.Message, changeOf(c.Removed, c.Was), c.Was}
	}
	return out, nil
}

func (r *routes) asItWas(ctx context.Context, in *segmentVersionInput) (*segmentVersionOutput, error) {
	kept, err := r.definitions()
	if err != nil {
		return nil, err
	}
	then, err := kept.GetAt(ctx, in.ID, in.Version)
	if err != nil {
		return nil, err
	}
	out := &segmentVersionOutput{definitionAsItWas{Stored: *definitionOf(&then)}}
	if in.Against < 0 {
		return out, nil
	}
	var before segments.Definition
	if in.Against > 0 {
		before, err = kept.GetAt(ctx, in.ID, in.Against)
		if err != nil && !errors.Is(err, segments.ErrNotFound) { // it was not there: all is new
			return nil, err
		}
	}
	diff := segments.Diff(in.ID, before.Text, then.Text)
	out.Body.Diff = &diff
	return out, nil
}
