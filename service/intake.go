package service

import (
	"context"
	"net/http"
	"sync/atomic"

	"muster/api/access"
	"muster/api/tracking"
	"muster/stream"
)

// intake is the tracking API on the API's port. Until the deployment's shards
// are known, for which Kafka must answer, events are refused for the moment,
// while all else of the API is served.
type intake struct {
	handler atomic.Pointer[tracking.Handler]
	opened  []func() // what closes what was opened, in this order
}

// ServeHTTP answers one request.
func (i *intake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if handler := i.handler.Load(); handler != nil {
		handler.ServeHTTP(w, r)
		return
	}
	tracking.Away(w)
}

// takeIn opens an intake as soon as Kafka lets it, once.
func (s *Service) takeIn(ctx context.Context, guard access.Guard, i *intake) error {
	cluster, err := stream.Connect(s.config.Kafka, s.Stream)
	if err != nil {
		return unusable(err)
	}
	i.opened = append(i.opened, cluster.Close)
	shards, err := s.findShards(ctx, cluster)
	if err != nil {
		return endedBy(ctx, err)
	}
	handler, appender, err := Tracking(s.config, cluster, shards, guard, s.watch)
	if err != nil {
		return unusable(err)
	}
	i.opened = append(i.opened, appender.Close)
	i.handler.Store(handler)
	return nil
}

// close closes what takeIn has opened.
func (i *intake) close() {
	for n := len(i.opened) - 1; n >= 0; n-- {
		i.opened[n]()
	}
}
