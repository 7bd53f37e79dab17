package api

import (
	"context"
	"net/http"
	"strconv"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"muster/api/access"
	"muster/lookup"
)

// addMemberships adds the fast look-up. It is as the other operations but for the
// writing of its answer, which is asked for thousands of times a second and names
// hundreds of segments: it writes it itself, and at once.
func (r *routes) addMemberships(profiles Profiles) {
	huma.Register(r.api, huma.Operation{
		OperationID: "get-memberships", Method: http.MethodGet, Path: "/v1/profiles/{id}/memberships", Summary: "Which segments a profile is in", Tags: []string{"profiles"}, Security: needs(access.Read),
		Description: "The fast look-up: one round trip to Redis. With at it reads what has changed since then.",
		Responses:   r.answersWith(typeOf[lookup.Memberships]()),
	}, func(ctx context.Context, in *membershipsInput) (*huma.StreamResponse, error) {
		m, err := r.membershipsOf(ctx, profiles, in)
		if err != nil {
			return nil, r.failed(ctx, err)
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) { r.writeMemberships(hc, m) }}, nil
	})
}

// longestKept is the capacity in bytes of the largest buffer that is kept for the
// next answer.
const longestKept = 64 << 10

var answerBuffers = sync.Pool{New: func() any { return new([]byte) }}

// writeMemberships writes an answer as huma would. The answer has its length, so
// that it is not sent in chunks.
func (r *routes) writeMemberships(hc huma.Context, m *lookup.Memberships) {
	contentType, err := r.api.Negotiate(hc.Header("Accept"))
	if err != nil {
		panic(err) // can't be: only what the API writes is chosen
	}
	kept := answerBuffers.Get().(*[]byte)
	text := append(m.AppendJSON((*kept)[:0]), '\n')
	hc.SetHeader("Content-Type", contentType)
	hc.SetHeader("Content-Length", strconv.Itoa(len(text)))
	hc.SetStatus(http.StatusOK)
	_, _ = hc.BodyWriter().Write(text) // a client that went away is no concern
	if cap(text) <= longestKept {
		*kept = text
		answerBuffers.Put(kept)
	}
}
