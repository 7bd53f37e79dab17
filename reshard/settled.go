package reshard

import (
	"errors"

	"muster/sink"
)

// errTopic is about a topic that can't be used.
var errTopic = errors.New("the topic can't be used")

// settledError is about a configuration that can't be used.
type settledError struct{ error }

// Unwrap returns what is wrong with it.
func (e *settledError) Unwrap() error { return e.error }

// Settled reports whether running it again can't mend an error of Do: somebody
// has to change the configuration, or what Kafka and Redis hold.
func Settled(err error) bool {
	var own *settledError
	if errors.As(err, &own) {
		return true
	}
	for _, settled := range []error{sink.ErrMismatch, sink.ErrBroken, errTopic} {
		if errors.Is(err, settled) {
			return true
		}
	}
	return sink.NeedsOperator(err)
}
