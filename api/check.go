package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"muster/api/access"
	"muster/catalogue"
	"muster/rules"
)

type checkInput struct {
	RawBody []byte `contentType:"application/yaml" doc:"The text of a segment file, in YAML or JSON."`
}

type checkOutput struct{ Body checked }

// checked is what was found in a segment file.
type checked struct {
	Valid    bool          `json:"valid" doc:"Whether the segments can be used."`
	Segments int           `json:"segments" doc:"How many there are, if they can be used."`
	Errors   []ruleMistake `json:"errors"`
	Notes    []ruleMistake `json:"notes" doc:"What a rule probably does not mean as it says. It refuses nothing."`
	Costs    []rules.Cost  `json:"costs" doc:"What each segment costs, estimated without any of your data."`
}

// ruleMistake is a mistake, or a note, of a segment file.
type ruleMistake struct {
	Line    int    `json:"line"`
	Column  int    `json:"column" doc:"In characters."`
	Segment string `json:"segment"`
	Message string `json:"message"`
	Hint    string `json:"hint" doc:"What to write instead; empty when the message says it."`
	Text    string `json:"text" doc:"All of it for people, with a caret under the place."`
}

// maxChecking is how many files are checked at once: compiling keeps a
// processor busy.
const maxChecking = 2

func (r *routes) addCheck() {
	room := make(chan struct{}, maxChecking)
	huma.Register(r.api, huma.Operation{
		OperationID: "check-segments", Method: http.MethodPost, Path: "/v1/segments/check", Summary: "Check segments without using them", Tags: []string{"segments"},
		Security: needs(access.Read), MaxBodyBytes: maxBody,
		Description: "As evaluator check. Rules may ask the catalogues in force. What can't be used is an answer as any other, with valid false.",
	}, func(ctx context.Context, in *checkInput) (*checkOutput, error) {
		select {
		case room <- struct{}{}:
			defer func() { <-room }()
		case <-ctx.Done():
			return nil, r.failed(ctx, ctx.Err())
		}
		out, err := check(in.RawBody, r.tables())
		if err != nil {
			return nil, problem(http.StatusBadRequest, "Send the text of a segment file; docs/rules.md describes it.", "%s", sentence(err.Error()))
		}
		return &checkOutput{*out}, nil
	})
	exemplify(r.api.OpenAPI().Paths["/v1/segments/check"].Post, "segments:\n  - id: young\n    rule: traits.age < 30\n")
}

// tables are the catalogues in force.
func (r *routes) tables() catalogue.Tables {
	if r.server.parts.Tables == nil {
		return nil
	}
	return r.server.parts.Tables()
}

func check(text []byte, tables catalogue.Tables) (*checked, error) {
	out := &checked{Errors: []ruleMistake{}, Notes: []ruleMistake{}, Costs: []rules.Cost{}}
	source := rules.Source{Data: text}
	set, err := rules.LoadWith(rules.Options{Catalogues: tables}, source)
	var wrong rules.Errors
	switch {
	case errors.As(err, &wrong):
		out.Errors = mistakesOf(wrong)
		return out, nil
	case err != nil:
		return nil, err
	}
	out.Valid, out.Segments, out.Costs = true, set.Len(), set.Costs()
	out.Notes = mistakesOf(append(rules.Notes(source), rules.PseudoNotes(source)...))
	return out, nil
}

func mistakesOf(errs rules.Errors) []ruleMistake {
	list := make([]ruleMistake, len(errs))
	for i, e := range errs {
		list[i] = ruleMistake{e.Line, e.Column, e.Segment, e.Message, e.Hint, e.Error()}
	}
	return list
}
