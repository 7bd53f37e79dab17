package service

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"muster/config"
	"muster/sink"
	"muster/stream"
)

// deployment is what Kafka is told of a deployment.
func deployment(cfg *config.Config, id string) stream.Deployment {
	return stream.Deployment{
		ID: id, Prefix: cfg.Redis.Prefix, Redis: fmt.Sprintf("%s/%d", strings.Join(cfg.Redis.Addresses, ","), cfg.Redis.DB),
	}
}

// checkNames refuses to give new names to a deployment that has no id, and so
// has had the names of before 0.2.0. Under another keyed topic its offsets
// would mean nothing, and in another group its sources would be routed again.
func checkNames(ctx context.Context, cfg *config.Config, store *sink.Store) error {
	if len(cfg.Kafka.Followed) == 0 {
		return nil
	}
	switch _, err := store.Layouts(ctx); {
	case errors.Is(err, sink.ErrNotInitialised):
		return nil // it begins with them
	case err != nil:
		return err
	}
	id, err := store.Identity(ctx)
	if err != nil || id != "" {
		return err
	}
	return fmt.Errorf("the deployment under redis.prefix %s is of a version before 0.2.0, where kafka.group was muster and kafka.keyed "+
		"was muster-events unless the configuration said otherwise: write its own into the configuration, which leaves out %s: %w",
		cfg.Redis.Prefix, strings.Join(cfg.Kafka.Followed, " and "), sink.ErrMismatch)
}

// Claim leaves the id of a deployment with the group and the keyed topic of a
// configuration, or returns a *stream.ClaimedError.
func Claim(ctx context.Context, cfg *config.Config, cluster *stream.Cluster, store *sink.Store) error {
	id, err := store.Identify(ctx)
	if err != nil {
		return err
	}
	return cluster.Claim(ctx, deployment(cfg, id))
}

// claim leaves the deployment's id with its group and its keyed topic. The
// error is an *UnusableError when they are another's.
func (s *Service) claim(ctx context.Context, cluster *stream.Cluster, store *sink.Store) error {
	var id string
	err := s.await(ctx, redisPart, waitingMends, func() (err error) {
		id, err = store.Identify(ctx)
		return err
	})
	if err != nil {
		return Classify(err)
	}
	err = s.await(ctx, kafkaPart, func(err error) bool { return !claimed(err) }, func() error {
		return cluster.Claim(ctx, deployment(&s.config, id))
	})
	if claimed(err) {
		return unusable(err)
	}
	return err
}

func claimed(err error) bool {
	var other *stream.ClaimedError
	return errors.As(err, &other)
}
