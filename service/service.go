package service

import (
	"context"
	"net"
	"net/http"
	"net/http/pprof"
	"os"

	"go.uber.org/zap"

	"muster/activation"
	"muster/config"
	"muster/cube"
	"muster/observe"
	"muster/pipeline"
	"muster/rules"
	"muster/segments"
	"muster/stream"
)

// Service is everything between Kafka and Redis. Make it with New, change its
// fields if need be, and then Run or Serve it, once.
type Service struct {
	// Stream is told what happens on Kafka's side. New sets one that logs and
	// measures; put another around it to watch as well.
	Stream *stream.Observer
	// Own is given the worker that is put together for this process's shards,
	// may change it, and returns what owns a shard from the moment that the
	// consumer group assigns its partition until ctx ends. Default: the
	// worker's Run.
	Own func(*pipeline.Worker) Owner
	// Destinations reads where the changes of this process's shards are sent,
	// beside the rules in force. It is called at the start and then as often
	// as segment files are looked at. Default nil: nothing is sent.
	Destinations func(*rules.Set) ([]activation.Destination, error)
	// Cubes reads the declarations of cubes. It is called at the start and then
	// as often as segment files are looked at. Default nil: there are none.
	Cubes func() ([]*cube.Cube, error)
	// Audit is told of every write through the API. Default: the log.
	Audit *zap.Logger
	// Serving is told where the API is served, once it is. Default nil.
	Serving func(net.Addr)
	// Agent is what this process calls itself there. Default muster.
	Agent string

	config config.Config
	cubes  *cubes
	rules  *pipeline.Live
	checks *rules.Checks  // of definitions
	seen   *segments.Seen // what the API begins with; nil where the segments are those of files
	sample *pipeline.Sample
	heard  *pipeline.Heard
	log    *zap.Logger
	watch  *observe.Watch
	reload <-chan os.Signal // nil for never
}

// Owner owns the shard of a partition until ctx ends. After an error it is
// called again, with a wait in between.
type Owner func(ctx context.Context, partition int) error

// New returns the service of a configuration that is valid, with the rules
// that it starts with: those of files, or none where the configuration says
// that segments are in Redis, which Run reads before anything else. It opens no connection, and is not ready until Run has
// found that the deployment is its own.
func New(cfg config.Config, set *rules.Set, log *zap.Logger) *Service {
	LogRedis(log)
	watch := observe.New(log)
	watch.Health().Wait(startPart, "has not found its deployment yet")
	return &Service{
		Stream: watch.Stream(), Own: func(w *pipeline.Worker) Owner { return w.Run }, Agent: "muster", Audit: log,
		config: cfg, cubes: &cubes{}, rules: pipeline.NewLive(set), checks: rules.NewChecks(), sample: pipeline.NewSample(), heard: pipeline.NewHeard(), log: log, watch: watch,
	}
}

// Handler serves /metrics, /healthz and /readyz of this service, as /vocabulary
// what its events are called and bring, and below /debug/pprof/ what Go's pprof
// shows of a process.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", s.watch.Handler())
	mux.HandleFunc("GET /vocabulary", func(rw http.ResponseWriter, _ *http.Request) {
		text, err := s.heard.MarshalJSON()
		if err != nil {
			http.Error(rw, err.Error(), http.StatusInternalServerError)
			return
		}
		rw.Header().Set("Content-Type", "application/json")
		_, _ = rw.Write(text) // a client that went away is no concern
	})
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}
