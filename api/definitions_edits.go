package api

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"muster/api/access"
	"muster/lookup"
	"muster/segments"
)

// Edits is all definitions together.
type Edits interface {
	// List returns all definitions by id, and the version that they are of.
	List(ctx context.Context) ([]segments.Definition, int64, error)
	// Apply stores an edit as one version, whole or not at all, and returns the
	// version.
	Apply(ctx context.Context, e segments.Edit, by segments.Author) (int64, error)
	// Check returns what Apply would refuse an edit with.
	Check(ctx context.Context, e segments.Edit) error
}

type definitionsInput struct {
	Version int64 `query:"version" default:"-1" minimum:"-1" maximum:"9007199254740991" doc:"As they were with this version; by default as they are."`
}

// allDefinitions is what the list of definitions has in it.
type allDefinitions struct {
	Version     int64        `json:"version" doc:"That they are of: 0 before there was any."`
	Definitions []definition `json:"definitions" doc:"In the order of their ids."`
}

// definitionsEdit is a change of several definitions.
type definitionsEdit struct {
	Version *int64            `json:"version,omitempty" nullable:"true" minimum:"0" maximum:"9007199254740991" doc:"The version of all definitions that the change was made for; 412 if it is another one by now. Default: any."`
	Write   map[string]string `json:"write,omitempty" nullable:"true" doc:"The text of each segment that is added or changed, in YAML or JSON, by id."`
	Remove  []string          `json:"remove,omitempty" maxItems:"100000" doc:"Ids of segments to remove. Who is not there counts as removed."`
	Message string            `json:"message,omitempty" nullable:"true" maxLength:"2000" doc:"Why, for whoever looks at the versions."`
}

type definitionsEditInput struct {
	Check bool `query:"check" doc:"Only check it: nothing is stored."`
	Body  definitionsEdit
}

type definitionsEditOutput struct {
	Body struct {
		Version int64 `json:"version" doc:"The version that has the change: a new one, or the one there is if nothing had to change or was to be stored."`
	}
}

type definitionVersionsInput struct {
	Cursor int64 `query:"cursor" minimum:"1" maximum:"9007199254740991" doc:"Where to go on: next of the page before. It is a version: older ones are told."`
	Limit  int   `query:"limit" minimum:"1" maximum:"1000" doc:"At most how many; fewer where they have changed very many segments. Default: 100."`
}

type definitionVersionsOutput struct {
	Body struct {
		Versions []definitionsVersion `json:"versions" doc:"Newest first."`
		Next     string               `json:"next" doc:"The cursor to go on with; empty when these were all that are kept."`
	}
}

// definitionsVersion is a version of the definitions with all that it has changed.
type definitionsVersion struct {
	Version int64               `json:"version"`
	At      lookup.Instant      `json:"at"`
	Who     string              `json:"who"`
	Message string              `json:"message"`
	Changes []definitionsChange `json:"changes"`
	// Catalogues are the tables that it has changed.
	Catalogues []catalogueChange `json:"catalogues"`
}

// catalogueChange is what a version has done to one catalogue.
type catalogueChange struct {
	ID     string `json:"id"`
	Change string `json:"change" enum:"added,changed,removed"`
	Was    string `json:"was" doc:"The digest of the table before; empty for none."`
	Now    string `json:"now" doc:"The digest of the table from then on; empty for none."`
}

// definitionsChange is what a version has done to one segment.
type definitionsChange struct {
	ID     string `json:"id"`
	Change string `json:"change" enum:"added,changed,removed"`
	Was    int64  `json:"was" doc:"The version that had brought the text before; 0 for none."`
}

func (r *routes) addEdits() {
	huma.Register(r.api, huma.Operation{
		OperationID: "list-definitions", Method: http.MethodGet, Path: "/v1/definitions", Summary: "All definitions, as they are or were", Tags: []string{"definitions"},
		Security:    needs(access.Read),
		Description: "The texts of all segments, of one version. They may have 64 MB.",
		Responses:   map[string]*huma.Response{"200": r.answers("application/json", typeOf[allDefinitions](), "OK")},
	}, func(ctx context.Context, in *definitionsInput) (*huma.StreamResponse, error) {
		list, version, err := r.definitionsOf(ctx, in.Version)
		if err != nil {
			return nil, r.failedDefinition(ctx, "", err)
		}
		return &huma.StreamResponse{Body: func(ctx huma.Context) { writeDefinitions(ctx, list, version) }}, nil
	})
	huma.Register(r.api, huma.Operation{
		OperationID: "edit-definitions", Method: http.MethodPost, Path: "/v1/definitions", Summary: "Change several segments at once", Tags: []string{"definitions"},
		Security: needs(access.Write), MaxBodyBytes: maxBody,
		Description: "As one version, whole or not at all.",
	}, func(ctx context.Context, in *definitionsEditInput) (*definitionsEditOutput, error) {
		out, err := r.editDefinitions(ctx, in)
		if err != nil {
			return nil, r.failedDefinition(ctx, "", err)
		}
		return out, nil
	})
	huma.Register(r.api, huma.Operation{
		OperationID: "list-definition-versions", Method: http.MethodGet, Path: "/v1/definitions/versions", Summary: "Who has changed which segments, and when", Tags: []string{"definitions"},
		Security:    needs(access.Read),
		Description: "Of the newest redis.definition_versions that are kept.",
	}, func(ctx context.Context, in *definitionVersionsInput) (*definitionVersionsOutput, error) {
		out, err := r.definitionVersions(ctx, in)
		if err != nil {
			return nil, r.failedDefinition(ctx, "", err)
		}
		return out, nil
	})
}

// definitionsOf returns the definitions of a version, or with a negative one those that
// there are.
func (r *routes) definitionsOf(ctx context.Context, version int64) ([]segments.Definition, int64, error) {
	kept, err := r.definitions()
	switch {
	case err != nil:
		return nil, 0, err
	case version < 0:
		return kept.List(ctx)
	}
	then, err := kept.At(ctx, version)
	list := make([]segments.Definition, 0, len(then))
	for _, id := range slices.Sorted(maps.Keys(then)) {
		list = append(list, then[id])
	}
	return list, version, err
}

// writeDefinitions writes one definition after the other, so that the answer is
// never in memory as a whole. A client that went away is no concern.
func writeDefinitions(ctx huma.Context, list []segments.Definition, version int64) {
	ctx.SetHeader("Content-Type", "application/json")
	ctx.SetStatus(http.StatusOK)
	w := ctx.BodyWriter()
	_, _ = w.Write([]byte(`{"version":` + strconv.FormatInt(version, 10) + `,"definitions":[`))
	encoder := json.NewEncoder(w)
	for i := range list {
		if i > 0 {
			_, _ = w.Write([]byte(","))
		}
		if encoder.Encode(definitionOf(&list[i])) != nil {
			return
		}
	}
	_, _ = w.Write([]byte("]}\n"))
}

func (r *routes) editDefinitions(ctx context.Context, in *definitionsEditInput) (*definitionsEditOutput, error) {
	kept, err := r.definitions()
	if err != nil {
		return nil, err
	}
	e := segments.Edit{Write: in.Body.Write, Remove: in.Body.Remove, If: segments.Any}
	if in.Body.Version != nil {
		e.If = *in.Body.Version
	}
	out := &definitionsEditOutput{}
	if !in.Check {
		out.Body.Version, err = kept.Apply(ctx, e, authorOf(ctx, in.Body.Message))
		return out, err
	}
	if err := kept.Check(ctx, e); err != nil {
		return nil, err
	}
	newest, err := kept.Versions(ctx, "", 0, 1)
	if len(newest) > 0 {
		out.Body.Version = newest[0].Version
	}
	return out, err
}

// mostChangesTold is how many changes of segments a page has, together with those
// of one version more: one may name very many. versionsChunk is how many
// versions are asked for at once.
const (
	mostChangesTold = 10_000
	versionsChunk   = 20
)

func (r *routes) definitionVersions(ctx context.Context, in *definitionVersionsInput) (*definitionVersionsOutput, error) {
	kept, err := r.definitions()
	if err != nil {
		return nil, err
	}
	limit, changes, before := cmp.Or(in.Limit, versionsDefault), 0, in.Cursor
	out := &definitionVersionsOutput{}
	out.Body.Versions = []definitionsVersion{}
	for {
		list, err := kept.Versions(ctx, "", before, min(versionsChunk, limit-len(out.Body.Versions)+1))
		if err != nil || len(list) == 0 {
			return out, err
		}
		for i := range list {
			if len(out.Body.Versions) == limit || changes >= mostChangesTold {
				out.Body.Next = strconv.FormatInt(before, 10)
				return out, nil
			}
			out.Body.Versions = append(out.Body.Versions, definitionsVersionOf(&list[i]))
			changes, before = changes+len(list[i].Changes), list[i].Version
		}
	}
}

func definitionsVersionOf(v *segments.Version) definitionsVersion {
	one := definitionsVersion{
		v.Version, lookup.Instant(v.At), v.Who, v.Message, make([]definitionsChange, len(v.Changes)), make([]catalogueChange, len(v.Catalogues)),
	}
	for i, c := range v.Changes {
		one.Changes[i] = definitionsChange{c.ID, changeOf(c.Removed, c.Was), c.Was}
	}
	for i, c := range v.Catalogues {
		change := "changed"
		switch {
		case c.Was == "":
			change = "added"
		case c.Now == "":
			change = "removed"
		}
		one.Catalogues[i] = catalogueChange{c.ID, change, c.Was, c.Now}
	}
	return one
}
