package api

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
)

// Door answers on the port of the API from the start of a process on. Until the
// API is made, which takes Kafka and Redis, clients get a problem that tells
// them to come again, and not a refused connection. It tells everybody the
// same, with a token or without.
type Door struct {
	front *Server
	api   atomic.Pointer[Server]
}

// NewDoor returns a closed Door. Of the parts it needs Version, Log and
// Observer.
func NewDoor(config Config, parts Parts) *Door {
	parts.Health = starting{}
	d := &Door{front: &Server{config: config, parts: parts, mux: http.NewServeMux()}}
	d.front.serveHealth()
	d.front.mux.HandleFunc("/", closed)
	front := logged(parts.Log, &d.front.parts.Observer, hardened(config.TLS.Enabled(), shared(config.Origins, d.front.mux)))
	d.front.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s := d.api.Load(); s != nil {
			s.handler.ServeHTTP(w, r)
			return
		}
		front.ServeHTTP(w, r)
	})
	return d
}

// Open has the API answer from here on.
func (d *Door) Open(s *Server) { d.api.Store(s) }

// Serve is Server.Serve of whatever answers at the moment.
func (d *Door) Serve(ctx context.Context, listener net.Listener) error {
	return d.front.Serve(ctx, listener)
}

// starting is the health of a process that has no API yet.
type starting struct{}

// Waiting implements Health.
func (starting) Waiting() []string { return []string{"starting"} }

func closed(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "2")
	problem(http.StatusServiceUnavailable, "Ask again in a moment; /readyz on the port of metrics says what is waited for.",
		"The evaluator starts, and has not found yet what the API needs.").write(w, r)
}
