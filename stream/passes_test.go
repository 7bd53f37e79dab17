package stream

import (
	"errors"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
)

// TestPasses: what a broker says while it is stopped is waited for as a broker
// that is away is, and what it refuses is not.
func TestPasses(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		metFor time.Duration
		want   bool
	}{
		"no connection":           {errors.New("connection reset by peer"), time.Minute, true},
		"no connection for long":  {errors.New("connection reset by peer"), endsFor, false},
		"a broker that is ending": {kafka.Unknown, time.Minute, true},
		"one that keeps doing so": {kafka.Unknown, endsFor, false},
		"another leader":          {kafka.NotLeaderForPartition, time.Minute, true},
		"no topic yet":            {kafka.UnknownTopicOrPartition, 0, true},
		"no topic":                {kafka.UnknownTopicOrPartition, topicWait, false},
		"no permission":           {kafka.TopicAuthorizationFailed, 0, false},
	} {
		if got := passes(c.err, c.metFor); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
