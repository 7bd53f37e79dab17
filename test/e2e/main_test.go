// Package e2e holds the tests that run the evaluator's own binary: on an
// embedded broker and a real Redis, or with MUSTER_E2E=real on Apache Kafka,
// Redis and a Redis Cluster.
package e2e

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"testing"

	"muster/test/e2e/stack"
	"muster/test/kit/kafka"
	"muster/test/kit/s3"
)

// How many of the tests that wait more than they work run beside each other,
// however few cores there are: more where brokers are embedded.
const (
	atOnce     = 6
	atOnceReal = 6
)

func TestMain(m *testing.M) {
	if err := errors.Join(widen(), s3.SignInAll()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(stack.Main(m))
}

// widen has that many tests run at a time, unless -parallel is given.
func widen() error {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if given {
		return nil
	}
	most := atOnce
	if kafka.Real() {
		most = atOnceReal
	}
	if err := flag.Set("test.parallel", strconv.Itoa(most)); err != nil {
		return fmt.Errorf("letting tests run beside each other: %w", err)
	}
	return nil
}

// eachRedis runs a test on a single Redis, and in real mode beside that on a
// Redis Cluster.
func eachRedis(t *testing.T, test func(t *testing.T, cluster bool)) {
	eachRedisInTurn(t, func(t *testing.T, cluster bool) {
		if kafka.Real() {
			t.Parallel()
		}
		test(t, cluster)
	})
}

// eachRedisInTurn is eachRedis for a test with a broker of its own, of which
// there is one at a time.
func eachRedisInTurn(t *testing.T, test func(t *testing.T, cluster bool)) {
	t.Run("single", func(t *testing.T) { test(t, false) })
	if kafka.Real() {
		t.Run("cluster", func(t *testing.T) { test(t, true) })
	}
}
