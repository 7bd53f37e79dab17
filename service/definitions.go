package service

import (
	"context"
	"fmt"

	"go.uber.org/zap"

	"muster/api"
	"muster/pipeline"
	"muster/rules"
	"muster/segments"
	"muster/sink"
)

// takeDefinitions puts the definitions in Redis in force and returns what keeps
// up with them; nil where the segments are those of files. It comes before the
// first shard: with no rules, everybody would leave all segments.
func (s *Service) takeDefinitions(ctx context.Context, store *sink.Store) (*segments.Watcher, error) {
	if s.config.Segments.From != segments.FromRedis {
		return nil, nil
	}
	source := segments.NewStored(store, s.checks)
	var begun segments.Content
	err := s.await(ctx, redisPart, waitingMends, func() error {
		if begun = source.Read(ctx); begun.Err == nil && source.Version() == 0 {
			return s.noneYet(ctx, store)
		}
		return begun.Err
	})
	if err != nil {
		return nil, Classify(err)
	}
	set, err := begun.Build(rules.Options{})
	if err != nil {
		return nil, unusable(fmt.Errorf("the definitions in redis can't be used:\n\n%w", err))
	}
	s.rules, s.seen = pipeline.NewLive(set), source.Seen()
	s.log.Info("segments are those of the definitions in redis", zap.Int64("version", source.Version()), zap.Int("segments", set.Len()))
	if set.Len() == 0 {
		s.log.Warn("there are no definitions: nobody is in any segment until evaluator segments apply brings one")
	}
	return segments.NewWatcher(source, begun, s.config.Segments.Poll, s.rules, s.sample, s.watch.Segments()), nil
}

// definitions are those that the API changes; none where the segments are those
// of files.
func (s *Service) definitions(store *sink.Store) api.Definitions {
	if s.config.Segments.From != segments.FromRedis {
		return nil
	}
	definitions := segments.NewDefinitions(store, wallClock, s.checks)
	definitions.Begin(s.seen)
	s.seen = nil
	return definitions
}

// noneYet refuses a deployment that has members and never had a definition:
// its segments were those of files, and all members would leave.
func (s *Service) noneYet(ctx context.Context, store *sink.Store) error {
	sizes, err := store.Sizes(ctx)
	if err != nil {
		return err
	}
	for _, size := range sizes {
		if size > 0 {
			return errNoDefinitions
		}
	}
	return nil
}

// errNoDefinitions says what to do before segments.from is redis.
var errNoDefinitions = fmt.Errorf("segments.from is redis, where no definition was ever stored, but the deployment has members, "+
	"who would all leave: bring the segments first, with evaluator segments apply -c FILE -f DIR: %w", sink.ErrMismatch)
