package service

import (
	"context"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"muster/api"
	"muster/api/tracking"
	"muster/catalogue"
	"muster/lookup"
	"muster/rules"
	"muster/sink"
	"muster/stream"
)

// serveAPI makes the API and serves it on its port until ctx ends. It has a store
// of its own, so that whoever asks a lot waits for other connections than commits
// do. Events that come by it go to the cluster.
func (s *Service) serveAPI(ctx context.Context, cluster *stream.Cluster, shards int, port *port) error {
	store, err := s.openStore(ctx)
	if err != nil {
		return endedBy(ctx, err)
	}
	defer store.Close()
	reader, changes, err := s.lookUp(ctx, store)
	if err != nil {
		return endedBy(ctx, Classify(err))
	}
	orders := &orders{s, reader, store}
	parts := api.Parts{
		Version: s.Agent, Log: s.log.Named("api"), Audit: s.Audit, Health: s.watch.Health(),
		Segments: reader, Histories: reader, Profiles: reader, Past: reader, Changes: changes, Destinations: orders,
		Definitions: s.definitions(store), Erasures: &erasures{reader, cluster, shards}, Observer: s.observeAPI(),
		Sending: orders, Delivery: orders, Tables: func() catalogue.Tables { return s.rules.Current().Set.Catalogues() },
	}
	if work := s.config.API.Backfills; work != "" {
		one := &backfills{work: work, reach: s.config.Archive, rules: func() *rules.Set { return s.rules.Current().Set }}
		parts.Backfills, parts.Starts, parts.Outlines = one, one, one
	}
	server, err := api.New(s.config.API, parts)
	if err != nil {
		return unusable(err)
	}
	events, appender, err := Tracking(s.config, cluster, shards, *server.Guard(), s.watch)
	if err != nil {
		return unusable(err)
	}
	defer appender.Close() // behind the last answer
	for _, pattern := range tracking.Patterns() {
		server.Mount(pattern, events)
	}
	port.Open(server)
	s.watch.Health().Ready(apiPart)
	s.log.Info("serving the API", zap.Stringer("address", port.address), zap.Bool("tls", s.config.API.TLS.Enabled()),
		zap.Bool("insecure", s.config.API.Insecure))
	if s.Serving != nil {
		s.Serving(port.address)
	}
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error {
		changes.Run(ctx)
		return nil
	})
	both.Go(func() error { return port.await(ctx) })
	return both.Wait()
}

// lookUp makes what the API asks.
func (s *Service) lookUp(ctx context.Context, store *sink.Store) (reader *lookup.Reader, changes *lookup.Changes, err error) {
	err = s.await(ctx, redisPart, waitingMends, func() error {
		reader, err = lookup.New(ctx, store, lookup.Options{
			Partitioner: s.config.Kafka.Partitioner, Events: s.config.Pipeline.Events,
			Rules: func() *rules.Set { return s.rules.Current().Set },
		})
		if err != nil {
			return err
		}
		changes, err = reader.Changes(ctx, func(err error) { s.log.Warn("changes can't be read for the API, trying again", zap.Error(err)) })
		return err
	})
	return reader, changes, err
}

// observeAPI measures what the API answers.
func (s *Service) observeAPI() api.Observer {
	return api.Observer{
		Answered: func(a api.Answered) { s.watch.APIAnswered(a.Route, a.Method, a.Status, a.Took, a.Long) },
		Refused:  s.watch.APIRefused, Streams: s.watch.APIStreams, Reconnected: s.watch.APIReconnected,
	}
}
