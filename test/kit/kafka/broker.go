// Package kafka starts a Kafka broker for tests: kfake inside the test's
// process, or a real Apache Kafka as a process of its own. The real one is
// fetched from Maven Central once and kept in a cache folder outside the
// repository; it needs java 17 or later and mvn.
//
// It promises that a broker started by Start is gone when its test ends.
//
// The trap: killing a fake broker is the same as stopping it, since it lives
// in the test's process. Only the real one shows what a crash leaves behind.
package kafka

import (
	"context"
	"os"
	"testing"
	"time"

	"muster/test/kit/network"
)

// Broker is one running broker.
type Broker interface {
	// Addresses returns the host:port to connect to. It stays the same
	// through a Restart.
	Addresses() []string
	// Stop ends the broker in good order.
	Stop() error
	// Kill ends the broker at once, as a crash would.
	Kill() error
	// Restart starts the broker again, after Stop or Kill, with what it had
	// stored, and returns when it answers.
	Restart(ctx context.Context) error
}

// Real reports whether Start starts a real broker: whether the environment
// says MUSTER_E2E=real.
func Real() bool { return os.Getenv("MUSTER_E2E") == "real" }

// Start starts the broker that MUSTER_E2E asks for, empty, and ends it with
// the test. In a package with Main a real one may have served other tests before.
func Start(t testing.TB) Broker {
	t.Helper()
	switch {
	case !Real():
		return StartFakeFor(t)
	case again.folder != "":
		return startAgain(t)
	}
	b := startIn(t, t.TempDir())
	t.Cleanup(b.end)
	return b
}

// startIn starts an empty real broker that keeps its data in a folder.
func startIn(t testing.TB, folder string) *RealBroker {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute) // a first start downloads
	defer cancel()
	b, err := StartReal(ctx, folder)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Beside lets a test that waits more than it works run beside others of its
// package, unless brokers are real: a small machine has room for one.
func Beside(t *testing.T) {
	t.Helper()
	if !Real() {
		t.Parallel()
	}
}

// StartBehind starts the broker that MUSTER_E2E asks for, empty, in dir and
// with a Link in front of it, whose address it names to its clients. The
// caller must Stop or Kill it.
func StartBehind(ctx context.Context, dir string, link *network.Link) (Broker, error) {
	if Real() {
		return StartRealBehind(ctx, dir, link)
	}
	return StartFakeBehind(dir, link)
}
