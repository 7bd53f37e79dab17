package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"muster/api/access"
	"muster/lookup"
	"muster/rules"
	"muster/segments"
)

// Definitions are the segments as they are kept in Redis.
type Definitions interface {
	Texts
	Versions
	Edits
	Catalogues
}

// Texts is one definition at a time.
type Texts interface {
	// Get returns a definition, or segments.ErrNotFound.
	Get(ctx context.Context, id string) (segments.Definition, error)
	// Put stores the text of a segment, if the definition has a version, and
	// returns what is stored and whether it is new.
	Put(ctx context.Context, id, text string, version int64, by segments.Author) (segments.Definition, bool, error)
	// Delete removes a definition, if it has a version.
	Delete(ctx context.Context, id string, version int64, by segments.Author) error
}

type putSegmentInput struct {
	ID          string `path:"id" minLength:"1" maxLength:"64" example:"young" doc:"The id of the segment: 1 to 64 of the characters a-z, 0-9 and -."`
	Message     string `query:"message" maxLength:"2000" doc:"Why, for whoever looks at the versions."`
	IfMatch     string `header:"If-Match" maxLength:"1000" doc:"The ETag of the definition that was edited; 412 if it has another one by now. *: it must be there."`
	IfNoneMatch string `header:"If-None-Match" maxLength:"1000" doc:"*: only create it; 412 if it is there."`
	RawBody     []byte `contentType:"application/yaml" doc:"One segment, in YAML or JSON, as it stands in the list of a segment file. It need not have an id."`
}

type deleteSegmentInput struct {
	ID      string `path:"id" minLength:"1" maxLength:"64" example:"young" doc:"The id of the segment."`
	Message string `query:"message" maxLength:"2000" doc:"Why, for whoever looks at the versions."`
	IfMatch string `header:"If-Match" maxLength:"1000" doc:"The ETag of the definition as it was seen; 412 if it has another one by now."`
}

type putSegmentOutput struct {
	Status int
	ETag   string `header:"ETag"`
	Body   *definition
}

// definition is a definition as it is told.
type definition struct {
	ID      string         `json:"id"`
	Name    string         `json:"name"`
	Rule    string         `json:"rule"`
	Members bool           `json:"members" doc:"Whether it is kept who they are."`
	Version int64          `json:"version" doc:"The version of all definitions that brought this text."`
	At      lookup.Instant `json:"at" doc:"When that was."`
	Who     string         `json:"who" doc:"Who has written it; by the API the name of the token."`
	Text    string         `json:"text" doc:"All of it, as it was written."`
}

// definitionOf reads what the text of a definition says. One that this version
// can't read is told by its text alone.
func definitionOf(d *segments.Definition) *definition {
	says, _ := rules.ReadText(rules.Source{Data: []byte(d.Text)})
	return &definition{d.ID, says.Name, says.Rule, says.Members, d.Version, lookup.Instant(d.At), d.Who, d.Text}
}

// tagOf is the ETag of a definition, "" for one that is not there. It has the
// text too, because Redis may lose writes, and a version come twice.
func tagOf(d *segments.Definition) string {
	if d.Version == 0 {
		return ""
	}
	text, _ := json.Marshal([]any{d.ID, d.Version, d.Text}) // plain values
	sum := sha256.Sum256(text)
	return `"` + hex.EncodeToString(sum[:12]) + `"`
}

func (r *routes) addDefinitions() {
	huma.Register(r.api, huma.Operation{
		OperationID: "put-segment", Method: http.MethodPut, Path: "/v1/segments/{id}", Summary: "Create or edit a segment", Tags: []string{"segments"},
		Security: needs(access.Write), MaxBodyBytes: maxBody,
		Description: "Every evaluator takes it over within two seconds, between two batches, and then looks at every profile that it concerns. " +
			"A text that can't be used, or whose tests fail, is refused with each mistake. One that is there already makes no version.",
		Responses: map[string]*huma.Response{
			"201": r.answers("application/json", typeOf[definition](), "It is new."), "default": r.answers(problemType, typeOf[Problem](), "Error"),
		},
	}, func(ctx context.Context, in *putSegmentInput) (*putSegmentOutput, error) {
		out, err := r.putSegment(ctx, in)
		if err != nil {
			return nil, r.failedDefinition(ctx, in.ID, err)
		}
		return out, nil
	})
	exemplify(r.api.OpenAPI().Paths["/v1/segments/{id}"].Put, "rule: traits.age < 30")
	huma.Register(r.api, huma.Operation{
		OperationID: "delete-segment", Method: http.MethodDelete, Path: "/v1/segments/{id}", Summary: "Remove a segment", Tags: []string{"segments"},
		Security: needs(access.Write), DefaultStatus: http.StatusNoContent,
		Description: "Its members leave it, and destinations are told so, as every evaluator takes the change over. What other segments mention is not removed.",
	}, func(ctx context.Context, in *deleteSegmentInput) (*struct{}, error) {
		if err := r.deleteSegment(ctx, in); err != nil {
			return nil, r.failedDefinition(ctx, in.ID, err)
		}
		return nil, nil
	})
}

// exemplify puts an example into what an operation says of a body in YAML.
func exemplify(op *huma.Operation, body string) {
	op.RequestBody.Content["application/yaml"].Example = body
}

// answers describes an answer whose body has a type.
func (r *routes) answers(content string, body reflect.Type, description string) *huma.Response {
	return &huma.Response{Description: description, Content: map[string]*huma.MediaType{
		content: {Schema: r.api.OpenAPI().Components.Schemas.Schema(body, true, body.Name())},
	}}
}

func (r *routes) putSegment(ctx context.Context, in *putSegmentInput) (*putSegmentOutput, error) {
	texts, err := r.definitions()
	if err != nil {
		return nil, err
	}
	version, err := expected(ctx, texts, in.ID, condition{in.IfMatch, in.IfNoneMatch})
	if err != nil {
		return nil, err
	}
	stored, created, err := texts.Put(ctx, in.ID, string(in.RawBody), version, authorOf(ctx, in.Message))
	if err != nil {
		return nil, err
	}
	out := &putSegmentOutput{Status: http.StatusOK, ETag: tagOf(&stored), Body: definitionOf(&stored)}
	if created {
		out.Status = http.StatusCreated
	}
	return out, nil
}

func (r *routes) deleteSegment(ctx context.Context, in *deleteSegmentInput) error {
	texts, err := r.definitions()
	if err != nil {
		return err
	}
	version, err := expected(ctx, texts, in.ID, condition{ifMatch: in.IfMatch})
	if err != nil {
		return err
	}
	return texts.Delete(ctx, in.ID, version, authorOf(ctx, in.Message))
}

// definitions returns those that there are, or why none can be changed.
func (r *routes) definitions() (Definitions, error) {
	if r.server.parts.Definitions == nil {
		return nil, segments.ErrReadOnly
	}
	return r.server.parts.Definitions, nil
}

// authorOf is who makes a change.
func authorOf(ctx context.Context, message string) segments.Author {
	return segments.Author{Who: access.HolderOf(ctx).Name, Message: message}
}

// expected returns the version that a definition must have for a write to be
// made under a condition; the error says that it is not met.
func expected(ctx context.Context, texts Texts, id string, c condition) (int64, error) {
	if c == (condition{}) {
		return segments.Any, nil
	}
	now, err := texts.Get(ctx, id)
	if err != nil && !errors.Is(err, segments.ErrNotFound) {
		return 0, err
	}
	if !c.holds(tagOf(&now)) {
		return 0, &unmetError{now}
	}
	return now.Version, nil
}
