package api

import (
	"context"
	"errors"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"go.uber.org/zap"

	"muster/lookup"
)

// failed is the answer for an error of what is asked.
func (r *routes) failed(ctx context.Context, err error) huma.StatusError {
	return r.problemOf(ctx, err)
}

// problemOf tells what was asked wrong from what went wrong. The latter is
// logged, and the answer does not show it: it may name servers.
func (r *routes) problemOf(ctx context.Context, err error) *Problem {
	var missing *lookup.AbsentError
	var input *lookup.InputError
	var unreadable *lookup.UnreadableError
	var p *Problem
	switch {
	case errors.As(err, &missing):
		p = problem(http.StatusNotFound, listed(missing.Kind), "%s", sentence(err.Error()))
	case errors.As(err, &input):
		p = problem(http.StatusBadRequest, "Change the request as detail says.", "%s", sentence(err.Error()))
	case ctx.Err() != nil:
		p = problem(http.StatusServiceUnavailable, "Ask again.", "The request has ended before its answer.")
	case errors.As(err, &unreadable):
		r.server.parts.Log.Error("what redis holds can't be read", zap.String("request", requestOf(ctx)), zap.Error(err))
		p = problem(http.StatusInternalServerError, "Look for the request's id in the server's log.", "What Redis holds can't be read by this version.")
	default:
		r.server.parts.Log.Warn("a question can't be answered", zap.String("request", requestOf(ctx)), zap.Error(err))
		p = problem(http.StatusServiceUnavailable, "Ask again in a moment; if it stays, look for the request's id in the server's log.", "What is kept can't be read at the moment.")
		p.headers = http.Header{"Retry-After": {"1"}}
	}
	p.Request = requestOf(ctx)
	return p
}

// listed says where those are listed that there are of a kind.
func listed(kind lookup.Kind) string {
	switch kind {
	case lookup.SegmentKind:
		return "Compare the id with those that there are, which GET /v1/segments lists."
	case lookup.DestinationKind:
		return "Compare the name with those that there are, which GET /v1/destinations lists."
	case lookup.BackfillKind:
		return "Compare the id with those that there are, which GET /v1/backfills lists."
	case lookup.ErasureKind:
		return "Ask for the Location that DELETE of the profile was answered with."
	case lookup.CubeKind:
		return "Compare the id with those of the cubes that are declared."
	case lookup.ProfileKind:
	}
	return "Compare the id with that in its events; a profile is known from its first event on."
}

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }
