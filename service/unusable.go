package service

import (
	"context"
	"errors"
	"io"
	"net"

	"muster/sink"
)

// UnusableError is an error that neither waiting nor trying again mends:
// somebody has to change the configuration, or what Kafka and Redis hold. Its
// text is that of the error within.
type UnusableError struct{ error }

// Unwrap returns what can't be used.
func (e *UnusableError) Unwrap() error { return e.error }

func unusable(err error) error { return &UnusableError{err} }

// Classify returns an error of Kafka or Redis as an *UnusableError when trying
// again can't help: a deployment of another shape, a refused password, a wrong
// policy. Any other it returns as it is, nil too.
func Classify(err error) error {
	if err == nil || waitingMends(err) && !sink.NeedsOperator(err) {
		return err
	}
	return unusable(err)
}

// waitingMends reports whether an error of reaching Kafka or Redis may pass
// while the service waits: by itself, or because somebody mends a password, a
// permission or a certificate, none of which takes a restart.
func waitingMends(err error) bool {
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
	return sink.IsTransient(err)
}
