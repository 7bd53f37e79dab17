package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"muster/lookup"
	"muster/rules"
	"muster/segments"
)

// unmetError says that a definition is not what the condition of a write
// names.
type unmetError struct{ now segments.Definition }

// Error implements error.
func (e *unmetError) Error() string {
	if e.now.Version == 0 {
		return "the segment is not there"
	}
	return fmt.Sprintf("the segment is there, of version %d, written by %s at %s", e.now.Version, lookup.Shown(e.now.Who), lookup.Instant(e.now.At))
}

// failedDefinition is the answer for an error of what is asked of a
// definition, or of all of them with the id "".
func (r *routes) failedDefinition(ctx context.Context, id string, err error) huma.StatusError {
	p := refusedDefinition(id, err)
	if p == nil {
		p = refusedCatalogue(err)
	}
	if p == nil {
		return r.failed(ctx, err)
	}
	p.Request = requestOf(ctx)
	return p
}

// refusedDefinition is the answer for an error that the request is to blame
// for, nil for any other.
func refusedDefinition(id string, err error) *Problem {
	var unmet *unmetError
	var conflict *segments.ConflictError
	var refused *segments.RefusedError
	switch {
	case errors.Is(err, segments.ErrReadOnly):
		return problem(http.StatusConflict, "Change the files. Or have the segments in Redis: evaluator segments apply brings them there, "+
			"and segments.from: redis in the configuration of the evaluators has them used.",
			"The segments are those of files, which segments.path names: they have no versions, and the API can't change them.")
	case errors.As(err, &unmet):
		p := problem(http.StatusPreconditionFailed, "Get it, look at what it is now, and decide again.", "The condition does not hold: %s.", err)
		if tag := tagOf(&unmet.now); tag != "" {
			p.headers = http.Header{"Etag": {tag}}
		}
		return p
	case errors.As(err, &conflict):
		return problem(http.StatusPreconditionFailed, "Get what there is now, look at it, and decide again.", "%s", sentence(err.Error()))
	case errors.As(err, &refused):
		return refusalOf(id, refused)
	case errors.Is(err, segments.ErrNotFound):
		return problem(http.StatusNotFound, "Compare the id with those that there are, and the version with those of GET /v1/definitions/versions.", "%s", sentence(err.Error()))
	case errors.Is(err, segments.ErrForgotten):
		return problem(http.StatusNotFound, "GET /v1/definitions/versions lists the versions that are kept.", "%s", sentence(err.Error()))
	}
	return nil
}

// mostMistakes is how many mistakes of a text are told of: an answer must not
// be much larger than what was sent.
const mostMistakes = 100

// refusalOf tells each mistake of a change. Where segments that the change does
// not name are the reason, they stand in the errors.
func refusalOf(id string, refused *segments.RefusedError) *Problem {
	if refused.Bound != "" {
		return problem(http.StatusUnprocessableEntity, "Send less, or remove what is not needed.", "%s", sentence(refused.Bound))
	}
	p := problem(http.StatusUnprocessableEntity, "Change what errors tells of; docs/rules.md describes segments. Nothing was stored.",
		"The change can't be used. Mistakes: %d. Tests that fail: %d.", len(refused.Mistakes), len(refused.Failures))
	for i, e := range refused.Mistakes {
		if i == mostMistakes {
			break
		}
		p.Errors = append(p.Errors, mistakeOf(id, e))
	}
	for i := range refused.Failures {
		f := &refused.Failures[i]
		if len(p.Errors) == mostMistakes {
			break
		}
		p.Errors = append(p.Errors, Mistake{
			Message: fmt.Sprintf("%s: %s", f.Test, f.Message), Location: placeOf(id, f.Segment), Segment: f.Segment, Line: f.Line,
		})
	}
	return p
}

func mistakeOf(id string, e *rules.Error) Mistake {
	return Mistake{
		Message: e.Message, Location: placeOf(id, e.Segment), Segment: e.Segment, Line: e.Line, Column: e.Column, Hint: e.Hint, Text: e.Error(),
	}
}

// placeOf says where a mistake of a segment stands: in the body, where that is
// of one segment, or in that segment's text.
func placeOf(id, segment string) string {
	if segment == id || segment == "" {
		return "body"
	}
	return "segment " + segment
}
