package stack

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"muster/test/kit/kafka"
	"muster/test/kit/network"
)

// startAttempts is more than 1 because somebody else can take a free port
// before the broker binds it.
const startAttempts = 3

// shared are the real brokers of a test process. Starting one takes ten
// seconds, so Systems use them again; each has topics and groups of its own.
var shared struct {
	sync.Mutex
	folder string        // set by Main
	number int           // of brokers started
	plain  kafka.Broker  // of all Systems that are not linked
	idle   []linkedKafka // of Systems that are linked, one at a time
}

// linkedKafka is a broker with a link in front of it.
type linkedKafka struct {
	kafka.Broker
	link *network.Link
}

// broker returns the shared real broker, or a fake one for this test alone.
func broker(t testing.TB) kafka.Broker {
	t.Helper()
	if !kafka.Real() {
		return kafka.Start(t)
	}
	shared.Lock()
	defer shared.Unlock()
	if shared.plain == nil {
		shared.plain = startShared(t, kafka.StartReal)
	}
	return shared.plain
}

// Beside lets a test run beside others of its package: it waits more than it
// works. Tests share the real broker, as a small machine has room for few.
func Beside(t *testing.T) {
	t.Helper()
	t.Parallel()
}

// alone is held by the test that uses a real broker of its own, and aloneSecured
// by the one whose broker is secured.
var alone, aloneSecured = make(chan struct{}, 1), make(chan struct{}, 1)

// linkedBroker returns a broker that is this test's alone until it ends. Of
// real ones there is one at a time, beside the one that all share.
func linkedBroker(t testing.TB) linkedKafka {
	t.Helper()
	if !kafka.Real() {
		link := network.Open(t)
		fake, err := kafka.StartFakeBehind(t.TempDir(), link)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = fake.Stop() })
		return linkedKafka{fake, link}
	}
	alone <- struct{}{}
	t.Cleanup(func() { <-alone })
	shared.Lock()
	defer shared.Unlock()
	var b linkedKafka
	if last := len(shared.idle) - 1; last >= 0 {
		b, shared.idle = shared.idle[last], shared.idle[:last]
	} else {
		b = startLinked(t)
	}
	t.Cleanup(func() {
		shared.Lock()
		defer shared.Unlock()
		if t.Failed() { // in whatever state the broker is now
			b.end()
			return
		}
		shared.idle = append(shared.idle, b)
	})
	return b
}

func startLinked(t testing.TB) linkedKafka {
	t.Helper()
	link, err := network.New()
	if err != nil {
		t.Fatal(err)
	}
	return linkedKafka{startShared(t, func(ctx context.Context, dir string) (*kafka.RealBroker, error) {
		return kafka.StartRealBehind(ctx, dir, link)
	}), link}
}

func (b *linkedKafka) end() {
	_ = b.Kill() // its data is removed anyway
	b.link.Close()
}

func startShared(t testing.TB, start func(context.Context, string) (*kafka.RealBroker, error)) kafka.Broker {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute) // a first start downloads
	defer cancel()
	for attempt := 1; ; attempt++ {
		shared.number++
		folder := filepath.Join(shared.folder, fmt.Sprintf("kafka-%d", shared.number))
		err := os.Mkdir(folder, 0o700)
		if err != nil {
			t.Fatal(err)
		}
		started, err := start(ctx, folder)
		if err == nil {
			return started
		}
		if attempt == startAttempts {
			t.Fatal(err)
		}
		t.Logf("starting Kafka once more: %v", err)
	}
}

func stopBrokers() {
	shared.Lock()
	defer shared.Unlock()
	if shared.plain != nil {
		_ = shared.plain.Kill() // its data is removed anyway
	}
	for i := range shared.idle {
		shared.idle[i].end()
	}
}
