package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"muster/api/access"
	"muster/insights"
	"muster/rules"
	"muster/snapshot"
)

// Previews answers questions about all profiles.
type Previews interface {
	// OfRule and OfDraft return what is asked, or the rules.Errors of its text.
	OfRule(ctx context.Context, rule string, overlap bool) (*snapshot.Question, error)
	OfDraft(ctx context.Context, text string, againstLive bool) (*snapshot.Question, error)
	// Ask is that of snapshot.Desk; begin is told what lacks too.
	Ask(ctx context.Context, q *snapshot.Question, priority snapshot.Priority, to PreviewListener) error
}

// PreviewListener is told of answers, as a snapshot.Listener.
type PreviewListener struct {
	Begin func(snapshot.Begun) error
	Tell  func(*snapshot.Answer) error
	Wait  func() error
}

// previewFor is how long a question may take, with the time that it waits.
const previewFor = 10 * time.Minute

type previewInput struct {
	Body struct {
		Rule        string            `json:"rule,omitempty" nullable:"true" doc:"The rule to try, as a segment file would have it. It may mention segments in force."`
		Segments    string            `json:"segments,omitempty" nullable:"true" doc:"In place of a rule: the text of a segment file, all of whose segments are tried."`
		Overlap     bool              `json:"overlap,omitempty" nullable:"true" doc:"With rule: tell too how many members each segment in force shares with it."`
		AgainstLive bool              `json:"against_live,omitempty" nullable:"true" doc:"With segments: tell too who would enter and who would leave each."`
		Priority    snapshot.Priority `json:"priority,omitempty" nullable:"true" enum:"interactive,background" doc:"background lets questions that somebody waits for go first. Default: interactive."`
	}
}

// NewInsights returns the API of a process that answers questions about all
// profiles, and has nothing else of the API.
func NewInsights(config Config, parts Parts, previews Previews, questions Questions) (*Server, error) {
	return build(config, parts, func(r *routes) {
		r.addPreviews(previews)
		r.addQuestions(questions)
	})
}

func (r *routes) addPreviews(previews Previews) {
	schemas := r.api.OpenAPI().Components.Schemas
	begun, told := schemas.Schema(typeOf[snapshot.Begun](), true, "Begun"), schemas.Schema(typeOf[snapshot.Told](), true, "Told")
	huma.Register(r.api, huma.Operation{
		OperationID: "preview", Method: http.MethodPost, Path: "/v1/preview", Summary: "How many customers a rule would have", Tags: []string{"insights"},
		Security: needs(access.Read), MaxBodyBytes: maxBody, Metadata: map[string]any{unbounded: true},
		Description: "Server-sent events. begin: how many profiles are asked, and what lacks. estimate: what is known so far, about every 100 ms. end: the same, " +
			"exact for what is held; nothing follows. failed: a problem, and nothing follows. It is as evaluator preview with --json. Whoever goes away ends the question.",
		Responses: map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
			eventType: {Schema: &huma.Schema{Type: "string", Description: "The data of begin is: " + begun.Ref + "; that of estimate and end: " + told.Ref}},
		}}},
	}, func(ctx context.Context, in *previewInput) (*huma.StreamResponse, error) {
		q, err := in.question(ctx, previews)
		if err != nil {
			return nil, r.failedPreview(ctx, err)
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			request, w := humago.Unwrap(hc)
			goesOn(request.Context())
			(&previewing{routes: r, w: w, control: http.NewResponseController(w), patience: eventTimeout}).run(request, previews, q, in.Body.Priority)
		}}, nil
	})
	r.api.OpenAPI().Paths["/v1/preview"].Post.RequestBody.Content["application/json"].Example = map[string]any{"rule": `traits.plan == "pro"`}
}

// question compiles what is asked.
func (in *previewInput) question(ctx context.Context, previews Previews) (*snapshot.Question, error) {
	b := &in.Body
	wrong := ""
	switch {
	case (b.Rule == "") == (b.Segments == ""):
		wrong = "Either rule or segments is needed, and not both."
	case b.Overlap && b.Rule == "":
		wrong = "overlap is for rule."
	case b.AgainstLive && b.Segments == "":
		wrong = "against_live is for segments: nobody is in an ad hoc rule yet."
	}
	if wrong != "" {
		return nil, problem(http.StatusBadRequest, "Send what openapi.json describes.", "%s", wrong)
	}
	if b.Rule != "" {
		return previews.OfRule(ctx, b.Rule, b.Overlap)
	}
	return previews.OfDraft(ctx, b.Segments, b.AgainstLive)
}

// failedPreview is the answer for a question that can't be asked, or answered.
func (r *routes) failedPreview(ctx context.Context, err error) *Problem {
	var own *Problem
	var mistakes rules.Errors
	var full *snapshot.FullError
	var early snapshot.NotFilledError
	var asked *insights.QuestionError
	var nobody *insights.NobodyError
	var p *Problem
	switch {
	case errors.As(err, &own):
		p = own
	case errors.As(err, &mistakes):
		p = problem(http.StatusUnprocessableEntity, "Change what errors tells of; docs/rules.md describes rules.", "What is tried can't be used. Mistakes: %d.", len(mistakes))
		for _, e := range mistakes[:min(len(mistakes), mostMistakes)] {
			m := mistakeOf(snapshot.RuleID, e)
			m.Location = ruleAt(err, m.Location)
			p.Errors = append(p.Errors, m)
		}
	case errors.As(err, &asked):
		p = problem(http.StatusBadRequest, "Change the question as detail says.", "%s", sentence(err.Error()))
	case errors.As(err, &nobody):
		p = problem(http.StatusConflict, "Ask about others; /v1/preview tells how many a rule has, and what it lacks.", "%s.", err.Error()) // it begins with an id
	case errors.As(err, &full):
		p = problem(http.StatusTooManyRequests, "Ask again when the header Retry-After says. Those who ask the same at the same time wait as one.", "%s", sentence(err.Error()))
		p.headers = http.Header{"Retry-After": {"2"}}
	case errors.As(err, &early):
		p = problem(http.StatusServiceUnavailable, "Ask again in a moment; /readyz on the port of metrics says how far it is.", "%s", sentence(err.Error()))
		p.headers = http.Header{"Retry-After": {"5"}}
	default:
		return r.problemOf(ctx, err)
	}
	p.Request = requestOf(ctx)
	return p
}

// ruleAt is where in a request the rule stands that an error is about.
func ruleAt(err error, otherwise string) string {
	var rule *insights.RuleError
	switch {
	case !errors.As(err, &rule):
		return otherwise
	case rule.Part == "where":
		return "query.where"
	}
	return "body." + strings.ReplaceAll(rule.Part, "-", "_")
}

// previewing tells one client of the answers to its question.
type previewing struct {
	*routes
	w        http.ResponseWriter
	control  *http.ResponseController
	patience time.Duration // how long the client may take to take an event
	lacks    []snapshot.Lack
	begun    bool // whether the status was sent
	told     bool // whether an answer was
}

// run asks, and tells the answers as they come.
func (p *previewing) run(request *http.Request, previews Previews, q *snapshot.Question, priority snapshot.Priority) {
	_ = p.control.SetReadDeadline(time.Time{}) // or it would end the request, as the server reads ahead
	_ = p.control.SetWriteDeadline(time.Now().Add(previewFor))
	ctx, end := context.WithTimeout(request.Context(), previewFor)
	defer end()
	if priority == "" {
		priority = snapshot.Interactive
	}
	err := previews.Ask(ctx, q, priority, PreviewListener{Begin: p.begin, Tell: p.tell, Wait: func() error { return p.write(": still here\n\n") }})
	switch {
	case err == nil || request.Context().Err() != nil:
	case p.begun:
		problem := p.failedPreview(ctx, err)
		_ = p.event("failed", problem) // a client that went away is no concern
	default:
		_ = p.control.SetWriteDeadline(time.Now().Add(p.patience))
		p.failedPreview(ctx, err).write(p.w, request)
	}
}

func (p *previewing) begin(b snapshot.Begun) error {
	h := p.w.Header()
	h.Set("Content-Type", eventType)
	h.Set("X-Accel-Buffering", "no") // nginx would keep events back
	p.w.WriteHeader(http.StatusOK)
	p.begun, p.lacks = true, b.Lacks
	return p.event("begin", b)
}

// tell tells an answer; the first and the last with what lacks.
func (p *previewing) tell(a *snapshot.Answer) error {
	kind, one := "estimate", snapshot.Told{Answer: a}
	if a.Done {
		kind = "end"
	}
	if a.Done || !p.told {
		one.Lacks = p.lacks
	}
	p.told = true
	return p.event(kind, one)
}

func (p *previewing) event(kind string, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("writing %s: %w", kind, err)
	}
	return p.write(fmt.Sprintf("event: %s\ndata: %s\n\n", kind, text))
}

// write sends a text, which the client has to take within its time.
func (p *previewing) write(text string) error {
	_ = p.control.SetWriteDeadline(time.Now().Add(p.patience))
	if _, err := p.w.Write([]byte(text)); err != nil {
		return err
	}
	return p.control.Flush()
}
