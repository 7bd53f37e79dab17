package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/danielgtaylor/huma/v2/negotiation"

	"muster/api/access"
	"muster/insights"
)

// Questions answers questions about audiences and cubes.
type Questions interface {
	Profile(ctx context.Context, q *insights.ProfileQuestion) (*insights.Profile, error)
	Overlap(ctx context.Context, segments []string) (*insights.Overlap, error)
	Reach(ctx context.Context, cube string, q *insights.ReachQuestion) (*insights.Reach, error)
}

const (
	// mostFindings bounds the comparisons of one answer. There are more where traits
	// with many values are compared.
	mostFindings = 50_000
	// mostTold is how many answers are written at once, each of which is in memory
	// until its client has taken it; the next waits.
	mostTold = 16
)

// Names that stand in lists, with their bounds.
type (
	segmentID     string
	traitName     string
	dimensionName string
)

// Schema implements huma.SchemaProvider.
func (segmentID) Schema(huma.Registry) *huma.Schema { return nameOf(64) }

// Schema implements huma.SchemaProvider.
func (traitName) Schema(huma.Registry) *huma.Schema { return nameOf(256) }

// Schema implements huma.SchemaProvider.
func (dimensionName) Schema(huma.Registry) *huma.Schema { return nameOf(64) }

// nameOf is the schema of a name of up to so many characters.
func nameOf(most int) *huma.Schema {
	least := 1
	s := &huma.Schema{Type: huma.TypeString, MinLength: &least, MaxLength: &most}
	s.PrecomputeMessages()
	return s
}

func texts[T ~string](names []T) []string {
	var all []string
	for _, name := range names {
		all = append(all, string(name))
	}
	return all
}

type profileQuestionInput struct {
	Format string `query:"format" enum:"json,csv,svg,png" doc:"What the answer is written as. Default: what the header Accept asks for, else JSON."`
	Body   struct {
		Audience     string      `json:"audience,omitempty" nullable:"true" maxLength:"64" example:"vip" doc:"The segment to tell of."`
		AudienceRule string      `json:"audience_rule,omitempty" nullable:"true" maxLength:"65536" doc:"In its place, a rule as a segment file would have it."`
		Against      string      `json:"against,omitempty" nullable:"true" maxLength:"64" doc:"The segment to compare with. Who is in both counts in the audience alone. Default: everybody who is not in the audience."`
		AgainstRule  string      `json:"against_rule,omitempty" nullable:"true" maxLength:"65536" doc:"In its place, a rule."`
		Traits       []traitName `json:"traits,omitempty" maxItems:"20" doc:"Traits whose values are compared too, as country or address.city."`
		Top          int         `json:"top,omitempty" nullable:"true" minimum:"1" maximum:"200" default:"20" doc:"How many differences to tell: those that are most for certain."`
		All          bool        `json:"all,omitempty" nullable:"true" doc:"Tell every comparison, up to 50,000 of them, also those that differ by no more than chance. A picture has the top all the same."`
	}
}

type overlapInput struct {
	Segment []segmentID `query:"segment,explode" required:"true" nullable:"false" minItems:"2" maxItems:"10" uniqueItems:"true" example:"vip,buyers" doc:"A segment; repeat it for each."`
	Format  string      `query:"format" enum:"json,svg,png" doc:"What the answer is written as. Default: what the header Accept asks for, else JSON."`
}

type reachInput struct {
	Cube    string          `path:"cube" minLength:"1" maxLength:"64" example:"ads" doc:"The cube, as its declaration calls it."`
	Where   string          `query:"where" minLength:"1" maxLength:"4000" doc:"Only events whose dimensions fulfil this condition. Default: all."`
	From    string          `query:"from" format:"date" doc:"First day, in UTC. Default: 30 days that end with to."`
	To      string          `query:"to" format:"date" doc:"Last day, in UTC. Default: today."`
	By      []dimensionName `query:"by,explode" nullable:"false" maxItems:"8" uniqueItems:"true" doc:"A row for each value of this dimension; repeat it for several. At most 50,000 rows."`
	Segment string          `query:"segment" minLength:"1" maxLength:"64" pattern:"^[a-z0-9-]+$" doc:"Tell too how many of them were active as members of this segment on those days, and how many were one or the other."`
}

// overlapAnswer has a name of its own in openapi.json, where an overlap is that of a
// preview.
type overlapAnswer struct{ *insights.Overlap }

// sheet is an answer: what it looks like in each of its formats, and since when
// profiles may have changed, if that is known.
type sheet struct {
	formats map[string]func(io.Writer) error
	asOf    time.Time
}

// mediaTypes are those of the formats of a sheet.
var mediaTypes = map[string]string{"json": jsonType, "csv": "text/csv", "svg": "image/svg+xml", "png": "image/png"}

func (r *routes) addQuestions(questions Questions) {
	r.telling = make(chan struct{}, mostTold)
	schemas := r.api.OpenAPI().Components.Schemas
	schemas.RegisterTypeAlias(typeOf[insights.Index](), typeOf[*float64]())
	schemas.RegisterTypeAlias(typeOf[insights.Value](), typeOf[any]())
	const waits = " It waits until those before it are answered, and ends when whoever asks goes away, and after 10 minutes. Last-Modified says how new the profiles are that it is about."
	huma.Register(r.api, r.question(huma.Operation{
		OperationID: "insights-profile", Method: http.MethodPost, Path: "/v1/insights/profile", Summary: "What sets an audience apart", MaxBodyBytes: maxBody,
		Description: "As evaluator insights profile: in which segments, and in which values of traits, the members of an audience are more often, and in which less often." + waits,
	}, typeOf[insights.Profile](), "csv", "svg", "png"), func(_ context.Context, in *profileQuestionInput) (*huma.StreamResponse, error) {
		return r.answer(in.Format, []string{"json", "csv", "svg", "png"}, func(ctx context.Context) (*sheet, error) { return in.answer(ctx, questions) }), nil
	})
	r.api.OpenAPI().Paths["/v1/insights/profile"].Post.RequestBody.Content[jsonType].Example = map[string]any{"audience": "vip"}
	huma.Register(r.api, r.question(huma.Operation{
		OperationID: "insights-overlap", Method: http.MethodGet, Path: "/v1/insights/overlap", Summary: "How many profiles segments have in common",
		Description: "As evaluator insights overlap: two by two, and in every combination that anybody is in." + waits,
	}, typeOf[overlapAnswer](), "svg", "png"), func(_ context.Context, in *overlapInput) (*huma.StreamResponse, error) {
		return r.answer(in.Format, []string{"json", "svg", "png"}, func(ctx context.Context) (*sheet, error) {
			o, err := questions.Overlap(ctx, texts(in.Segment))
			if err != nil {
				return nil, err
			}
			return &sheet{map[string]func(io.Writer) error{"json": asJSON(o), "svg": o.WriteSVG, "png": o.WritePNG}, o.AsOf}, nil
		}), nil
	})
	huma.Register(r.api, r.question(huma.Operation{
		OperationID: "insights-reach", Method: http.MethodGet, Path: "/v1/insights/reach/{cube}", Summary: "How many different customers had events, from a cube",
		Description: "As evaluator insights reach. It waits until those before it are answered, and ends when whoever asks goes away, and after 10 minutes.",
	}, typeOf[insights.Reach]()), func(_ context.Context, in *reachInput) (*huma.StreamResponse, error) {
		return r.answer("", []string{"json"}, func(ctx context.Context) (*sheet, error) {
			told, err := questions.Reach(ctx, in.Cube, &insights.ReachQuestion{Where: in.Where, From: in.From, To: in.To, By: texts(in.By), Segment: in.Segment})
			if err != nil {
				return nil, err
			}
			return &sheet{formats: map[string]func(io.Writer) error{"json": asJSON(told)}}, nil
		}), nil
	})
}

// answer asks, and is the profile in its formats.
func (in *profileQuestionInput) answer(ctx context.Context, questions Questions) (*sheet, error) {
	b := &in.Body
	p, err := questions.Profile(ctx, &insights.ProfileQuestion{
		Audience: b.Audience, AudienceRule: b.AudienceRule, Against: b.Against, AgainstRule: b.AgainstRule, Traits: texts(b.Traits),
	})
	if err != nil {
		return nil, err
	}
	if b.All && len(p.Findings) > mostFindings {
		return nil, problem(http.StatusBadRequest, "Leave out all, or traits with many values.",
			"There are %d comparisons, and all of them are told where there are at most %d.", len(p.Findings), mostFindings)
	}
	told, top := p.Told(b.Top, b.All), p.Top(b.Top)
	return &sheet{map[string]func(io.Writer) error{
		"json": asJSON(told), "csv": told.WriteCSV,
		"svg": func(to io.Writer) error { return p.WriteSVG(to, top) }, "png": func(to io.Writer) error { return p.WritePNG(to, top) },
	}, p.AsOf}, nil
}

// asJSON writes an answer as the commands do.
func asJSON(value any) func(io.Writer) error {
	return func(to io.Writer) error {
		encoder := json.NewEncoder(to)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(value)
	}
}

// question is the operation of a question, which answers with JSON, or in another
// format.
func (r *routes) question(op huma.Operation, answer reflect.Type, others ...string) huma.Operation {
	op.Tags, op.Security, op.Metadata = []string{"insights"}, needs(access.Read), map[string]any{unbounded: true}
	op.Responses = r.answersWith(answer)
	for _, format := range others {
		op.Responses["200"].Content[mediaTypes[format]] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	}
	return op
}

// answer answers a question, which may wait, in the format that is asked for.
func (r *routes) answer(format string, formats []string, ask func(context.Context) (*sheet, error)) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		if format == "" {
			format = formatFor(hc.Header("Accept"), formats)
		}
		request, w := humago.Unwrap(hc)
		goesOn(request.Context())
		if !r.enter() {
			full(w, request)
			return
		}
		defer r.leave()
		control := http.NewResponseController(w)
		_ = control.SetReadDeadline(time.Time{}) // or it would end the request, as the server reads ahead
		_ = control.SetWriteDeadline(time.Now().Add(previewFor + writeTimeout))
		ctx, end := context.WithTimeout(request.Context(), previewFor)
		defer end()
		told, err := ask(ctx)
		if err == nil {
			err = r.tell(ctx, control, w, request, format, told)
		}
		if err != nil {
			_ = control.SetWriteDeadline(time.Now().Add(answerTimeout))
			r.failedPreview(ctx, err).write(w, request)
		}
	}}
}

// tell writes an answer, or returns why nothing of it was written.
func (r *routes) tell(ctx context.Context, control *http.ResponseController, w http.ResponseWriter, request *http.Request, format string, told *sheet) error {
	select {
	case r.telling <- struct{}{}:
		defer func() { <-r.telling }()
	case <-ctx.Done():
		return ctx.Err()
	}
	var text bytes.Buffer
	if err := told.formats[format](&text); err != nil {
		return err
	}
	_ = control.SetWriteDeadline(time.Now().Add(writeTimeout))
	w.Header().Set("Content-Type", mediaTypes[format])
	if !told.asOf.IsZero() {
		w.Header().Set("Last-Modified", told.asOf.UTC().Format(http.TimeFormat))
	}
	r.zip(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(text.Bytes()) // a client that went away is no concern
	})).ServeHTTP(w, request)
	return nil
}

// formatFor is the format that a header Accept asks for, the first where it asks for
// none of them.
func formatFor(accept string, formats []string) string {
	types := make([]string, len(formats))
	for i, format := range formats {
		types[i] = mediaTypes[format]
	}
	wanted := negotiation.SelectQValue(accept, types)
	for i := range types {
		if types[i] == wanted {
			return formats[i]
		}
	}
	return formats[0]
}
