package stack

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"muster/api/access"
	"muster/api/tracking"
	"muster/config"
	"muster/observe"
	"muster/service"
	"muster/stream"
)

// Tracking is a server in the test's process that takes in events over HTTP.
type Tracking struct {
	URL string
	// Key is a write key.
	Key string

	away atomic.Int64
}

// Refusals returns how many requests were answered with 503.
func (tr *Tracking) Refusals() int64 { return tr.away.Load() }

// Tracking starts a server that ends with the test. It waits for Kafka for a
// second only.
func (s *System) Tracking() *Tracking {
	s.t.Helper()
	cfg := config.Default()
	cfg.Kafka.Brokers, cfg.Kafka.Keyed, cfg.Kafka.Group = s.brokers, s.Keyed, s.group()
	if s.Sources > 0 {
		cfg.Kafka.Sources = []string{s.Source}
	}
	cfg.Tracking.AckTimeout = time.Second
	secret, token, err := access.Create("shop", []access.Scope{access.Ingest})
	if err != nil {
		s.t.Fatal(err)
	}
	keys, err := access.NewKeys(access.Options{Text: token.Line(), Limit: access.Limit{Rate: 1e6, Burst: 1e6}})
	if err != nil {
		s.t.Fatal(err)
	}
	watch := observe.New(zap.NewNop())
	cluster, err := stream.Connect(cfg.Kafka, watch.Stream())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(cluster.Close)
	handler, appender, err := service.Tracking(cfg, cluster, s.Shards, access.Guard{Keys: keys}, watch)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(appender.Close)
	tr := &Tracking{Key: secret}
	mux := http.NewServeMux()
	for _, pattern := range tracking.Patterns() {
		mux.Handle(pattern, tr.count(handler))
	}
	server := httptest.NewServer(mux)
	s.t.Cleanup(server.Close)
	tr.URL = server.URL
	return tr
}

// count counts the requests that Kafka was away for.
func (tr *Tracking) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := &status{ResponseWriter: w}
		next.ServeHTTP(seen, r)
		if seen.code == http.StatusServiceUnavailable {
			tr.away.Add(1)
		}
	})
}

// status remembers the status of a response.
type status struct {
	http.ResponseWriter
	code int
}

// WriteHeader implements http.ResponseWriter.
func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// Unwrap is for http.ResponseController.
func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }
