package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
	"golang.org/x/net/netutil"

	"muster/api/access"
	"muster/catalogue"
)

// The bounds of a request that are no settings.
const (
	// maxHeader is the size of a request's headers and of its path in bytes. They
	// are in memory before it is known who asks, once for each connection. The id
	// of a change takes about 12 for each shard, and that of a profile in a path
	// 12 for each of 5,000 characters at most.
	maxHeader = 64 << 10
	// maxBody is the size of a request's body in bytes, but for tables.
	maxBody = 1 << 20
	// headerTimeout, readTimeout and writeTimeout bound how long a client may
	// take to send its headers and the whole request, and how long it and the
	// answer may take together.
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = time.Minute
	// idleTimeout is how long a connection without a request stays open.
	idleTimeout = 2 * time.Minute
	// maxConnections is how many are open at once; who comes then waits to be
	// accepted. maxAnswering is how many requests are answered at once, change
	// streams apart; more are answered with 503.
	maxConnections = 20_000
	maxAnswering   = 1000
	// shutdownTimeout is how long requests at hand may take when the server
	// ends.
	shutdownTimeout = 2 * time.Second
)

// Parts are what the API asks and tells.
type Parts struct {
	Version string
	Log     *zap.Logger
	// Audit is told of writes. It should leave out no line.
	Audit  *zap.Logger
	Health Health
	// Segments and Profiles are what is kept, Past what was; Changes follows it.
	Segments Segments
	Profiles Profiles
	Past     Past
	Changes  Changes
	// Histories is how segments have changed.
	Histories Histories
	// Definitions are the segments as they are kept in Redis; nil where they are
	// those of files, which nothing changes here.
	Definitions Definitions
	// Tables returns the catalogues in force, which drafts that are checked may
	// ask; nil for none.
	Tables func() catalogue.Tables
	// Observer is told what is asked.
	Observer Observer
	// Erasures has profiles forgotten.
	Erasures Erasures
	// Destinations are where changes are sent to; Sending has some sent, and
	// Delivery is what came of it.
	Destinations Destinations
	Sending      Sending
	Delivery     Delivery
	// Backfills, Starts and Outlines are those of a work directory; nil where none
	// is named.
	Backfills Backfills
	Starts    Starts
	Outlines  Outlines
}

// Health tells whether the process is ready.
type Health interface {
	// Waiting returns what the process waits for, nothing when it is ready.
	Waiting() []string
}

// Server is the API. Make it with New, Mount what else it serves, and then
// Serve it.
type Server struct {
	config  Config
	parts   Parts
	guard   *access.Guard
	mux     *http.ServeMux
	routes  *routes
	handler http.Handler
	times   times
}

// times bound how long a client may take; see the constants.
type times struct{ header, read, write time.Duration }

// New returns the API of a configuration that is valid.
func New(config Config, parts Parts) (*Server, error) {
	return build(config, parts, (*routes).addAll)
}

// build returns an API with some operations.
func build(config Config, parts Parts, add func(*routes)) (*Server, error) {
	s := &Server{config: config, parts: parts, guard: &access.Guard{}, mux: http.NewServeMux()}
	s.times = times{headerTimeout, readTimeout, writeTimeout}
	s.guard.Refuse = s.refuse
	if config.Insecure {
		s.guard.Anonymous = access.Anonymous(config.limit())
	} else {
		options := config.access()
		options.Changed = s.tokensChanged
		keys, err := access.NewKeys(options)
		if err != nil {
			return nil, fmt.Errorf("api: %w", err)
		}
		s.guard.Keys = keys
	}
	s.serveHealth()
	s.routes = newRoutes(s)
	add(s.routes)
	s.mux.HandleFunc("/", s.nowhere)
	s.handler = s.wrapped()
	return s, nil
}

// tokensChanged tells of a file of tokens that is another one now.
func (s *Server) tokensChanged(tokens int, err error) {
	if err != nil {
		s.parts.Log.Error("the file of tokens can't be used: the tokens before stay in force", zap.Error(err))
		return
	}
	s.parts.Log.Info("the tokens have changed", zap.Int("tokens", tokens))
}

// wrapped is what every request goes through, from the outside in.
func (s *Server) wrapped() http.Handler {
	var h http.Handler = s.mux
	if s.config.Insecure {
		// No token keeps the pages of other sites from writing.
		h = http.NewCrossOriginProtection().Handler(h)
	}
	h = shared(s.config.Origins, h)
	return logged(s.parts.Log, &s.parts.Observer, hardened(s.config.TLS.Enabled(), h))
}

// Guard is what others who answer on the API's port let requests through.
func (s *Server) Guard() *access.Guard { return s.guard }

// Mount has a handler answer what a pattern of http.ServeMux says. It guards
// itself, as with Guard; what every request goes through it need not care for:
// the log, the headers of security and the bound of bodies.
func (s *Server) Mount(pattern string, handler http.Handler) { s.mux.Handle(pattern, handler) }

// Handler serves the API.
func (s *Server) Handler() http.Handler { return s.handler }

// Serve answers requests on a listener until ctx ends, and then gives those at
// hand a little time. It closes the listener.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	base, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	server := &http.Server{
		Handler: s.handler, TLSConfig: s.config.TLS.Config(), MaxHeaderBytes: maxHeader,
		ReadHeaderTimeout: s.times.header, ReadTimeout: s.times.read, WriteTimeout: s.times.write, IdleTimeout: idleTimeout,
		BaseContext: func(net.Listener) context.Context { return base }, ConnContext: withWhole,
		ErrorLog: zap.NewStdLog(s.parts.Log.WithOptions(zap.IncreaseLevel(zap.ErrorLevel))),
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		end() // change streams and lists end at once
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
		defer cancel()
		if server.Shutdown(late) != nil {
			_ = server.Close()
		}
	})
	err := serve(server, wholeListener{netutil.LimitListener(listener, maxConnections)})
	if stop() { // ctx has not ended
		return fmt.Errorf("serving the API on %s: %w", listener.Addr(), err)
	}
	<-stopped
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serving the API on %s: %w", listener.Addr(), err)
}

func serve(server *http.Server, listener net.Listener) error {
	if server.TLSConfig != nil {
		return server.ServeTLS(listener, "", "")
	}
	return server.Serve(listener)
}

// serveHealth answers what needs no token. It tells nobody what is waited for:
// that stands on the port of metrics.
func (s *Server) serveHealth() {
	s.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { word(w, http.StatusOK, "alive") })
	s.mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if s.parts.Health != nil && len(s.parts.Health.Waiting()) > 0 {
			word(w, http.StatusServiceUnavailable, "not ready")
			return
		}
		word(w, http.StatusOK, "ready")
	})
}

func word(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, text) // a client that went away is no concern
}

// nowhere answers what no route is for. Who has no token is not told which
// those are.
func (s *Server) nowhere(w http.ResponseWriter, r *http.Request) {
	s.guard.Wrap(access.Read, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		allowed := s.methods(r)
		if len(allowed) == 0 {
			problem(http.StatusNotFound, "See openapi.json for what there is.", "Nothing is at this path.").write(w, r)
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		problem(http.StatusMethodNotAllowed, "Use "+strings.Join(allowed, " or ")+".", "%s can't be done to what is at this path.", r.Method).write(w, r)
	})).ServeHTTP(w, r)
}

// methods returns those that the path of a request takes.
func (s *Server) methods(r *http.Request) []string {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		other := *r
		other.Method = method
		if _, pattern := s.mux.Handler(&other); pattern != "/" && pattern != "" {
			allowed = append(allowed, method)
		}
	}
	return slices.Clip(allowed)
}
