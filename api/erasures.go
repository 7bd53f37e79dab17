package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"go.uber.org/zap"

	"muster/api/access"
	"muster/lookup"
)

// Erasures is what the API orders and asks about forgetting profiles.
type Erasures interface {
	// Erase has a profile forgotten, and the events of its id that arrive within
	// suppress passed over. It returns what to ask for the erasure by, once the
	// request can't be lost any more.
	Erase(ctx context.Context, id string, suppress time.Duration) (ref string, err error)
	// Erasure tells how far an erasure is.
	Erasure(ctx context.Context, ref string) (*lookup.Erasure, error)
	// Traces searches all that is kept for a profile's id.
	Traces(ctx context.Context, id string) (*lookup.Traces, error)
}

const (
	// eraseTimeout bounds how long Kafka may take to acknowledge a request.
	eraseTimeout = 10 * time.Second
	// searchTimeout bounds a search for an id, which reads all that is kept.
	searchTimeout = time.Hour
)

type eraseInput struct {
	ID       string `path:"id" minLength:"1" maxLength:"5000" example:"ann@example.com" doc:"A userId, or the anonymousId of who has none; percent-encoded."`
	Suppress string `query:"suppress" default:"720h" maxLength:"32" doc:"For how long events of the id are passed over, from 0s to 87600h, ten years. A second request never shortens it."`
}

type eraseOutput struct {
	Location string `header:"Location" doc:"Where to ask how far it is."`
	Body     *lookup.Erasure
}

type erasureInput struct {
	Erasure string `path:"erasure" minLength:"1" maxLength:"200" doc:"As erasing was answered; without the dot and what is behind it, the newest erasure of the profile."`
}

type erasureOutput struct{ Body *lookup.Erasure }

type searchInput struct {
	Body struct {
		Profile string `json:"profile" minLength:"1" maxLength:"65536" example:"ann@example.com" doc:"The id to search for."`
	}
}

func (r *routes) addErasures(erasures Erasures) {
	huma.Register(r.api, huma.Operation{
		OperationID: "erase-profile", Method: http.MethodDelete, Path: "/v1/profiles/{id}", Summary: "Forget a customer", Tags: []string{"erasures"},
		Security: needs(access.Admin), DefaultStatus: http.StatusAccepted,
		Description: "A record tells the profile's shard: it leaves all segments, with the cause erased, so that destinations are told, and is removed. " +
			"Whether there is such a profile makes no difference, and asking twice does no harm.",
	}, func(ctx context.Context, in *eraseInput) (*eraseOutput, error) { return r.erase(ctx, erasures, in) })
	huma.Register(r.api, huma.Operation{
		OperationID: "get-erasure", Method: http.MethodGet, Path: "/v1/erasures/{erasure}", Summary: "How far an erasure is", Tags: []string{"erasures"},
		Security:    needs(access.Admin),
		Description: "Once a newer erasure of the same profile was followed, it tells of that one.",
	}, func(ctx context.Context, in *erasureInput) (*erasureOutput, error) {
		e, err := erasures.Erasure(ctx, in.Erasure)
		var missing *lookup.AbsentError
		switch {
		case errors.As(err, &missing):
			p := problem(http.StatusNotFound, "Ask for what DELETE /v1/profiles/{id} answers in the header Location.", "%s", sentence(err.Error()))
			p.Request = requestOf(ctx)
			return nil, p
		case err != nil:
			return nil, r.failed(ctx, err)
		}
		return &erasureOutput{e}, nil
	})
	r.addSearch(erasures)
}

// erase answers when the request can't be lost any more.
func (r *routes) erase(ctx context.Context, erasures Erasures, in *eraseInput) (*eraseOutput, error) {
	suppress, err := time.ParseDuration(in.Suppress)
	if err != nil || suppress < 0 || suppress > lookup.MaxSuppression {
		p := problem(http.StatusUnprocessableEntity, "Give suppress as a Go duration from 0s to 87600h, which is ten years; 720h is the default.",
			"Events can't be passed over for %q.", in.Suppress)
		p.Errors = []Mistake{{Message: "expected a duration from 0s to 87600h", Location: "query.suppress", Value: in.Suppress}}
		p.Request = requestOf(ctx)
		return nil, p
	}
	within, cancel := context.WithTimeout(ctx, eraseTimeout)
	defer cancel()
	ref, err := erasures.Erase(within, in.ID, suppress)
	var wrong *lookup.InputError
	switch {
	case errors.As(err, &wrong):
		return nil, r.failed(ctx, err)
	case err != nil:
		r.server.parts.Log.Warn("a request to erase a profile is not acknowledged", zap.String("request", requestOf(ctx)), zap.Error(err))
		p := problem(http.StatusServiceUnavailable, "Ask again in a moment; asking twice does no harm.",
			"Kafka has not acknowledged the request in time. It may be followed all the same.")
		p.headers, p.Request = http.Header{"Retry-After": {"1"}}, requestOf(ctx)
		return nil, p
	}
	return &eraseOutput{"/v1/erasures/" + url.PathEscape(ref), &lookup.Erasure{Erasure: ref, State: lookup.ErasureAsked}}, nil
}

func (r *routes) addSearch(erasures Erasures) {
	one := make(chan struct{}, 1)
	schema := r.api.OpenAPI().Components.Schemas.Schema(typeOf[lookup.Traces](), true, "Traces")
	huma.Register(r.api, huma.Operation{
		OperationID: "search-traces", Method: http.MethodPost, Path: "/v1/erasures/search", Summary: "Prove that nothing names a customer", Tags: []string{"erasures"},
		Security: needs(access.Admin), MaxBodyBytes: maxBody, Metadata: map[string]any{unbounded: true},
		Description: "Reads every key of the deployment in Redis and searches it for the id, in some seconds for each million values. One search is made at a time.",
		Responses:   map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}},
	}, func(ctx context.Context, in *searchInput) (*huma.StreamResponse, error) {
		select {
		case one <- struct{}{}:
		default:
			p := problem(http.StatusServiceUnavailable, "Try again when it has ended.", "Another search is being made, and one is made at a time.")
			p.headers, p.Request = http.Header{"Retry-After": {"10"}}, requestOf(ctx)
			return nil, p
		}
		id := in.Body.Profile
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			defer func() { <-one }()
			request, w := humago.Unwrap(hc)
			r.search(w, request, func(ctx context.Context) (*lookup.Traces, error) { return erasures.Traces(ctx, id) })
		}}, nil
	})
}

// search answers with what a search finds, however long it takes.
func (r *routes) search(w http.ResponseWriter, request *http.Request, find func(context.Context) (*lookup.Traces, error)) {
	goesOn(request.Context())
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{}) // or it would end the request, as the server reads ahead
	_ = control.SetWriteDeadline(time.Now().Add(searchTimeout))
	ctx, end := context.WithTimeout(request.Context(), searchTimeout)
	defer end()
	traces, err := find(ctx)
	if err != nil {
		r.problemOf(request.Context(), err).write(w, request)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(traces) // a client that went away is no concern
}
