package main

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/redis/go-redis/v9"

	"muster/sink"
)

// settled marks an error of Redis or Kafka as one of input when trying again
// can't help: a deployment of another shape, a refused password, a wrong
// policy.
func settled(err error) error {
	if err == nil || passing(err) && !sink.NeedsOperator(err) {
		return err
	}
	return unusable(err)
}

// passing reports whether an error of reaching Redis or Kafka may pass while
// the service waits: by itself, or because somebody mends a password, a
// permission or a certificate, none of which takes a restart.
func passing(err error) bool {
	if errors.Is(err, sink.ErrMismatch) || errors.Is(err, sink.ErrNotInitialised) || errors.Is(err, sink.ErrEvicts) {
		return false
	}
	var network net.Error
	switch {
	case sink.NeedsOperator(err):
		return true
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return true
	}
	return redis.IsLoadingError(err) || redis.IsMasterDownError(err) || redis.IsClusterDownError(err) ||
		redis.IsReadOnlyError(err) || redis.IsTryAgainError(err) || redis.IsMaxClientsError(err)
}
