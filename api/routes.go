package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/klauspost/compress/gzhttp"

	"muster/api/access"
)

// routes are the operations of the API, each behind the guard. It is an
// adapter of huma's.
type routes struct {
	server  *Server
	api     huma.API
	zip     func(http.Handler) http.HandlerFunc
	streams *streams
	room    chan struct{} // one for each request that may be answered at once
	orders  chan struct{} // one for each order that may be carried out at once
	large   chan struct{} // one for each table that may be sent or taken at once
	telling chan struct{} // one for each answer to a question that may be written at once
}

// leastZipped is how many bytes an answer has before gzip is worth it.
const leastZipped = 1024

func newRoutes(s *Server) *routes {
	r := &routes{server: s, room: make(chan struct{}, maxAnswering), orders: make(chan struct{}, maxOrders), large: make(chan struct{}, maxLarge)}
	var err error
	if r.zip, err = gzhttp.NewWrapper(gzhttp.MinSize(leastZipped), gzhttp.EnableZstd(false)); err != nil {
		panic(err) // can't be: the options are constants
	}
	r.api = huma.NewAPI(document(s.parts.Version), r)
	return r
}

// addAll adds the operations of an evaluator.
func (r *routes) addAll() {
	s := r.server
	r.addSegments(s.parts.Segments)
	r.addHistory(s.parts.Histories)
	r.addCheck()
	r.addDefinitions()
	r.addSegmentVersions()
	r.addEdits()
	r.addCatalogues()
	r.addProfiles(s.parts.Profiles)
	r.addPast(s.parts.Past)
	r.addChanges(s.parts.Changes)
	r.addDestinations(s.parts.Destinations)
	r.addErasures(s.parts.Erasures)
	r.addSending(s.parts.Sending)
	r.addDelivery(s.parts.Delivery)
	r.addBackfills(s.parts.Backfills)
	r.addStarts(s.parts.Starts)
	r.addOutlines(s.parts.Outlines)
}

// document is what openapi.json says beside the operations.
func document(version string) huma.Config {
	const schemas = "#/components/schemas/"
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Muster", Version: version,
				Description: "Who belongs to which audience, event by event. Every answer that is no success is a problem of RFC 9457 with what to do.",
			},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry(schemas, huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					tokenScheme: {Type: "http", Scheme: "bearer", Description: "A token of evaluator token create, with the scope that stands at the operation."},
				},
			},
		},
		OpenAPIPath: "/openapi", Formats: huma.DefaultFormats, DefaultFormat: "application/json",
		RejectUnknownQueryParameters: true,
	}
}

// tokenScheme is what operations name the way of proving who asks by.
const tokenScheme = "token"

// needs is what an operation says of the scope that it needs.
func needs(scope access.Scope) []map[string][]string {
	return []map[string][]string{{tokenScheme: {string(scope)}}}
}

// unbounded is what an operation has in its metadata that goes on for long and
// has bounds of its own.
const unbounded = "unbounded"

// straight is what an operation has in its metadata that answers some requests past
// huma: a function from the handler that answers all to the one that answers these
// itself. That one bounds how many it answers at once.
const straight = "straight"

// scopeOf is the scope that an operation needs.
func scopeOf(op *huma.Operation) access.Scope {
	for _, one := range op.Security {
		for _, scope := range one[tokenScheme] {
			return access.Scope(scope)
		}
	}
	return access.Read // openapi.json, which is huma's own
}

// Handle implements huma.Adapter.
func (r *routes) Handle(op *huma.Operation, handler func(huma.Context)) {
	scope := scopeOf(op)
	var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		handler(humago.NewContext(op, request, w))
	})
	h = exact(op, h)
	if op.Metadata[large] != nil {
		h = r.rationed(h)
	}
	if scope != access.Read && op.Method != http.MethodGet {
		h = audited(r.server.parts.Audit, h)
	}
	if op.Metadata[unbounded] == nil {
		h = r.zip(r.bounded(h))
	}
	if past, ok := op.Metadata[straight].(func(http.Handler) http.Handler); ok {
		h = past(h)
	}
	r.handle(op.Method+" "+op.Path, scope, h)
}

// handle serves a pattern to those with a scope.
func (r *routes) handle(pattern string, scope access.Scope, h http.Handler) {
	r.server.mux.Handle(pattern, r.server.guard.Wrap(scope, http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		note(request.Context(), access.HolderOf(request.Context()))
		h.ServeHTTP(w, request)
	})))
}

// bounded answers as many requests at once as there is room for.
func (r *routes) bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if failureOf(request.Context()) != nil { // it has its room already
			next.ServeHTTP(w, request)
			return
		}
		if !r.enter() {
			full(w, request)
			return
		}
		defer r.leave()
		next.ServeHTTP(w, request)
	})
}

// enter takes room for a request, which leave gives back, and reports whether there
// was any.
func (r *routes) enter() bool {
	select {
	case r.room <- struct{}{}:
		return true
	default:
		return false
	}
}

func (r *routes) leave() { <-r.room }

// full answers a request that there is no room for.
func full(w http.ResponseWriter, request *http.Request) {
	w.Header().Set("Retry-After", "1")
	problem(http.StatusServiceUnavailable, "Try again in a second, with fewer requests at once.",
		"%d requests are being answered, which is as many as there may be.", maxAnswering).write(w, request)
}

// ServeHTTP implements huma.Adapter.
func (r *routes) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.server.mux.ServeHTTP(w, request)
}
