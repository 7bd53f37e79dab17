// Package e2e holds the tests that run the evaluator's own binary: on an
// embedded broker and a real Redis, or with MUSTER_E2E=real on Apache Kafka,
// Redis and a Redis Cluster.
package e2e

import (
	"os"
	"testing"

	"muster/test/e2e/stack"
	"muster/test/kit/kafka"
)

func TestMain(m *testing.M) { os.Exit(stack.Main(m)) }

// eachRedis runs a test on a single Redis, and in real mode on a Redis
// Cluster too.
func eachRedis(t *testing.T, test func(t *testing.T, cluster bool)) {
	t.Run("single", func(t *testing.T) { test(t, false) })
	if kafka.Real() {
		t.Run("cluster", func(t *testing.T) { test(t, true) })
	}
}
