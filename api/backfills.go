package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"muster/api/access"
	"muster/history"
	"muster/history/lease"
	"muster/history/queue"
)

// Backfills is what the API asks and orders about the backfills of a work
// directory.
type Backfills interface {
	// List returns all requests: those that are active first, then the newest.
	List(ctx context.Context) ([]*queue.Entry, error)
	// See returns one, and who is at its tasks.
	See(ctx context.Context, id string) (*queue.Entry, []lease.Holder, error)
	// Cancel asks for one to be stopped, and returns it as it is then.
	Cancel(ctx context.Context, id string) (*queue.Entry, error)
}

// Outlines is what is drawn of backfills.
type Outlines interface {
	// Outline returns what a request would do now, and why.
	Outline(ctx context.Context, id string) (*history.Outline, error)
}

// backfill is a request as it is told. What only this machine can use of it,
// flags and folders, is left out.
type backfill struct {
	ID       string         `json:"id"`
	Asked    time.Time      `json:"asked"`
	Priority int            `json:"priority"`
	Archive  string         `json:"archive"`
	Layout   string         `json:"layout"`
	AsOf     string         `json:"as_of"`
	Segments []string       `json:"segments"`
	State    backfillState  `json:"state"`
	Tasks    []backfillTask `json:"tasks,omitempty" doc:"Who is at work on tasks, with workers of Temporal or array jobs. Only where one backfill is asked for."`
}

type backfillState struct {
	Phase   queue.Phase     `json:"phase" enum:"asked,waiting,running,done,failed,cancelled,interrupted"`
	Why     string          `json:"why,omitempty" doc:"What it waits for."`
	Stages  []backfillStage `json:"stages" doc:"Those up to the one at hand."`
	Error   string          `json:"error,omitempty" doc:"Why it failed."`
	Host    string          `json:"host" doc:"The machine of its last process."`
	PID     int             `json:"pid"`
	Attempt int             `json:"attempt"`
	Began   *time.Time      `json:"began,omitempty" doc:"When the turn of this attempt came."`
	Beat    time.Time       `json:"beat" doc:"When its process last wrote how far it is."`
	Ended   *time.Time      `json:"ended,omitempty"`
	Left    float64         `json:"seconds_left,omitempty" doc:"How long it will take yet, where that is known."`
}

type backfillStage struct {
	Name string  `json:"name"`
	Done int64   `json:"done"`
	All  int64   `json:"all" doc:"0 as long as it is not known."`
	Unit string  `json:"unit,omitempty"`
	Rate float64 `json:"rate,omitempty" doc:"What is done in a second, over the last minute."`
	Took float64 `json:"seconds,omitempty" doc:"How long it has taken so far."`
	Left float64 `json:"seconds_left,omitempty"`
}

type backfillTask struct {
	Host  string    `json:"host"`
	PID   int       `json:"pid"`
	Began time.Time `json:"began"`
	Beat  time.Time `json:"beat"`
}

func backfillOf(e *queue.Entry, tasks []lease.Holder) *backfill {
	s := &e.State
	b := &backfill{
		ID: e.ID, Asked: e.At, Priority: e.Priority, Archive: e.Archive, Layout: e.Layout, AsOf: e.AsOf, Segments: append([]string{}, e.Segments...),
		State: backfillState{
			Phase: s.Phase, Why: s.Why, Stages: []backfillStage{}, Error: s.Error, Host: s.Host, PID: s.PID, Attempt: s.Attempt,
			Began: timeOf(s.Began), Beat: s.Beat, Ended: timeOf(s.Ended), Left: s.Left,
		},
	}
	for i := range s.Stages {
		one := &s.Stages[i]
		b.State.Stages = append(b.State.Stages, backfillStage{one.Name, one.Done, one.All, one.Unit, one.Rate, one.Took, one.Left})
	}
	for i := range tasks {
		b.Tasks = append(b.Tasks, backfillTask{tasks[i].Host, tasks[i].PID, tasks[i].Began, tasks[i].Beat})
	}
	return b
}

// timeOf is nil for the zero time.
func timeOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

type backfillListInput struct {
	Limit int `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many to return."`
}

type backfillList struct {
	Body struct {
		Backfills []*backfill `json:"backfills"`
		All       int         `json:"all" doc:"How many there are."`
	}
}

type backfillInput struct {
	ID string `path:"id" minLength:"1" maxLength:"100" doc:"The id of the backfill, whole."`
}

type backfillOutput struct{ Body *backfill }

type graphInput struct {
	ID     string `path:"id" minLength:"1" maxLength:"100" doc:"The id of the backfill, whole."`
	Format string `query:"format" enum:"mermaid,dot,json" default:"mermaid" doc:"The language of the drawing."`
}

func (r *routes) addBackfills(backfills Backfills) {
	huma.Register(r.api, huma.Operation{
		OperationID: "list-backfills", Method: http.MethodGet, Path: "/v1/backfills", Summary: "Backfills of the work directory", Tags: []string{"backfills"},
		Security: needs(access.Read), Description: "First what runs, then what waits, in its order, then what was asked for and not taken yet, then what has ended, the newest first.",
	}, func(ctx context.Context, in *backfillListInput) (*backfillList, error) {
		if backfills == nil {
			return nil, noBackfills(ctx)
		}
		list, err := backfills.List(ctx)
		if err != nil {
			return nil, r.failed(ctx, err)
		}
		out := &backfillList{}
		out.Body.Backfills, out.Body.All = []*backfill{}, len(list)
		for _, e := range list[:min(in.Limit, len(list))] {
			out.Body.Backfills = append(out.Body.Backfills, backfillOf(e, nil))
		}
		return out, nil
	})
	huma.Register(r.api, huma.Operation{
		OperationID: "get-backfill", Method: http.MethodGet, Path: "/v1/backfills/{id}", Summary: "How far a backfill is", Tags: []string{"backfills"},
		Security: needs(access.Read), Description: "As evaluator backfill status. By the id that starting was answered with it has, once that is taken, the id and the state of the request.",
	}, func(ctx context.Context, in *backfillInput) (*backfillOutput, error) {
		if backfills == nil {
			return nil, noBackfills(ctx)
		}
		e, tasks, err := backfills.See(ctx, in.ID)
		if err != nil {
			return nil, r.failed(ctx, err)
		}
		return &backfillOutput{backfillOf(e, tasks)}, nil
	})
	huma.Register(r.api, huma.Operation{
		OperationID: "cancel-backfill", Method: http.MethodPost, Path: "/v1/backfills/{id}/cancel", Summary: "Stop a backfill", Tags: []string{"backfills"},
		Security: needs(access.Write), DefaultStatus: http.StatusAccepted,
		Description: "As evaluator backfill cancel, without waiting: asks the process that has it to stop, within some seconds. What was made stays, and evaluator backfill resume goes on with it. One that is asked is removed.",
	}, func(ctx context.Context, in *backfillInput) (*backfillOutput, error) {
		if backfills == nil {
			return nil, noBackfills(ctx)
		}
		e, err := backfills.Cancel(ctx, in.ID)
		switch {
		case errors.Is(err, queue.ErrEnded):
			p := problem(http.StatusConflict, "Look at its state: GET /v1/backfills/"+in.ID+".", "%s", sentence(err.Error()))
			p.Request = requestOf(ctx)
			return nil, p
		case err != nil:
			return nil, r.failed(ctx, err)
		}
		return &backfillOutput{backfillOf(e, nil)}, nil
	})
}

func (r *routes) addOutlines(outlines Outlines) {
	text := &huma.MediaType{Schema: &huma.Schema{Type: "string"}}
	huma.Register(r.api, huma.Operation{
		OperationID: "draw-backfill", Method: http.MethodGet, Path: "/v1/backfills/{id}/graph", Summary: "What a backfill depends on", Tags: []string{"backfills"},
		Security: needs(access.Read), Metadata: map[string]any{unbounded: true},
		Description: "As evaluator backfill graph: which parts are there, which would be made, and why, for Mermaid, for Graphviz or as JSON. It lists the archive, which takes " +
			"some seconds for each hundred thousand objects, and reads nothing else of it.",
		Responses: map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
			"text/vnd.mermaid": text, "text/vnd.graphviz": text, "application/json": {Schema: &huma.Schema{Type: "object"}},
		}}},
	}, func(ctx context.Context, in *graphInput) (*huma.StreamResponse, error) {
		if outlines == nil {
			return nil, noBackfills(ctx)
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			request, w := humago.Unwrap(hc)
			r.long(w, request, func(ctx context.Context) (func() error, error) {
				outline, err := outlines.Outline(ctx, in.ID)
				return func() error { return draw(w, outline, in.Format) }, err
			})
		}}, nil
	})
}

// draw answers with an outline in one of its languages.
func draw(w http.ResponseWriter, outline *history.Outline, format string) error {
	kind, text := "text/vnd.mermaid", ""
	switch format {
	case "json":
		w.Header().Set("Content-Type", "application/json")
		return json.NewEncoder(w).Encode(outline)
	case "dot":
		kind, text = "text/vnd.graphviz", outline.DOT()
	default:
		text = outline.Mermaid()
	}
	w.Header().Set("Content-Type", kind)
	_, err := w.Write([]byte(text))
	return err
}

// noBackfills says why there are none to ask for.
func noBackfills(ctx context.Context) error {
	p := problem(http.StatusNotFound, "Set api.backfills to the work directory of your backfills, a folder that the evaluators share with them.",
		"This evaluator is not told where backfills are: api.backfills is empty.")
	p.Request = requestOf(ctx)
	return p
}
