package observe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	requestTimeout  = 10 * time.Second
	shutdownTimeout = time.Second
)

// Handler serves /metrics in Prometheus' text format, /healthz, which
// answers 200 as long as the process is alive, and /readyz, which answers
// 503 and the reasons while some part is not ready. Behind either stand the
// notes of parts that work but need somebody to look.
func (w *Watch) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(w.registry, promhttp.HandlerOpts{Registry: w.registry}))
	mux.HandleFunc("GET /healthz", func(rw http.ResponseWriter, _ *http.Request) { answer(rw, http.StatusOK, "alive") })
	mux.HandleFunc("GET /readyz", func(rw http.ResponseWriter, _ *http.Request) {
		status, lines := http.StatusOK, []string{"ready"}
		if waiting := w.health.Waiting(); len(waiting) > 0 {
			status, lines = http.StatusServiceUnavailable, waiting
		}
		answer(rw, status, strings.Join(append(lines, w.health.Notes()...), "\n"))
	})
	return mux
}

func answer(rw http.ResponseWriter, status int, text string) {
	rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
	rw.WriteHeader(status)
	_, _ = fmt.Fprintln(rw, text) // a client that went away is no concern
}

// Serve answers requests on a listener until ctx ends, then gives those at
// hand a second to end and returns nil. It closes the listener.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: requestTimeout, ReadTimeout: requestTimeout, WriteTimeout: requestTimeout,
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
		defer cancel()
		_ = server.Shutdown(late)
	})
	err := server.Serve(listener)
	if stop() { // ctx has not ended
		return fmt.Errorf("serving HTTP on %s: %w", listener.Addr(), err)
	}
	<-stopped
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serving HTTP on %s: %w", listener.Addr(), err)
}
