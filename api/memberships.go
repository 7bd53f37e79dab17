package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"muster/api/access"
	"muster/lookup"
)

// addMemberships adds the fast look-up, which may be asked for thousands of times a
// second and names hundreds of segments. Of its requests those in their plain form,
// which nearly all are, are answered past huma; the others are as those of other
// operations. Both ways have the same answers.
func (r *routes) addMemberships(profiles Profiles) {
	huma.Register(r.api, huma.Operation{
		OperationID: "get-memberships", Method: http.MethodGet, Path: "/v1/profiles/{id}/memberships", Summary: "Which segments a profile is in", Tags: []string{"profiles"}, Security: needs(access.Read),
		Description: "The fast look-up: one round trip to Redis. With at it reads what has changed since then.",
		Responses:   r.answersWith(typeOf[lookup.Memberships]()),
		Metadata: map[string]any{straight: func(next http.Handler) http.Handler {
			return &plainMemberships{routes: r, profiles: profiles, next: next}
		}},
	}, func(ctx context.Context, in *membershipsInput) (*huma.StreamResponse, error) {
		m, err := r.membershipsOf(ctx, profiles, in)
		if err != nil {
			return nil, r.failed(ctx, err)
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) { r.writeMemberships(hc, m) }}, nil
	})
}

// writeMemberships writes an answer as huma would. The answer has its length, so
// that it is not sent in chunks.
func (r *routes) writeMemberships(hc huma.Context, m *lookup.Memberships) {
	contentType, err := r.api.Negotiate(hc.Header("Accept"))
	if err != nil {
		panic(err) // can't be: only what the API writes is chosen
	}
	room := takeRoom()
	defer giveRoom(room)
	*room = append(m.AppendJSON(*room), '\n')
	hc.SetHeader("Content-Type", contentType)
	hc.SetHeader("Content-Length", strconv.Itoa(len(*room)))
	hc.SetStatus(http.StatusOK)
	_, _ = hc.BodyWriter().Write(*room) // a client that went away is no concern
}

const (
	// longestPlainID is how many bytes of an id are surely no more characters than
	// huma would let pass.
	longestPlainID = 5000
	// leastZippedMemberships is how many bytes an answer of the fast look-up has
	// before it is packed. Below, packing saves a few packets, and would take CPU of
	// thousands of look-ups a second.
	leastZippedMemberships = 16 << 10
)

// plainMemberships answers look-ups in their plain form: without a query, for who
// takes JSON. What it can't answer it leaves to next.
type plainMemberships struct {
	routes   *routes
	profiles Profiles
	next     http.Handler
}

// ServeHTTP implements http.Handler.
func (p *plainMemberships) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	id := request.PathValue("id")
	if id == "" || len(id) > longestPlainID || request.Method != http.MethodGet || request.URL.RawQuery != "" || !takesJSON(request) {
		p.next.ServeHTTP(w, request)
		return
	}
	if !p.routes.enter() {
		full(w, request)
		return
	}
	defer p.routes.leave()
	m, err := p.profiles.Memberships(request.Context(), id)
	if err != nil {
		p.next.ServeHTTP(w, request.WithContext(context.WithValue(request.Context(), failureKey{}, err)))
		return
	}
	p.write(w, request, m)
}

// takesJSON reports whether a request says in one of the usual ways, or not at all,
// that it takes JSON.
func takesJSON(request *http.Request) bool {
	accept := request.Header["Accept"]
	return len(accept) == 0 || len(accept) == 1 && (accept[0] == "*/*" || accept[0] == jsonType)
}

const jsonType = "application/json"

func (p *plainMemberships) write(w http.ResponseWriter, request *http.Request, m *lookup.Memberships) {
	room := takeRoom()
	defer giveRoom(room)
	*room = append(m.AppendJSON(*room), '\n')
	h := w.Header()
	h["Content-Type"] = jsonValues
	if len(*room) >= leastZippedMemberships && strings.Contains(request.Header.Get("Accept-Encoding"), "gzip") {
		p.routes.zip(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(*room) // a client that went away is no concern
		})).ServeHTTP(w, request)
		return
	}
	h.Add("Vary", "Accept-Encoding")
	h["Content-Length"] = []string{strconv.Itoa(len(*room))}
	writeWhole(w, request, *room)
}

// jsonValues are those of the header Content-Type. Nobody changes them.
var jsonValues = []string{jsonType}

type failureKey struct{}

// failureOf returns why a request that has come past huma can't be answered, nil
// for any other.
func failureOf(ctx context.Context) error {
	err, _ := ctx.Value(failureKey{}).(error)
	return err
}
