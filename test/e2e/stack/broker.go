package stack

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"muster/test/kafka"
	"muster/test/network"
)

// startAttempts is more than 1 because somebody else can take a free port
// before the broker binds it.
const startAttempts = 3

// shared are the real brokers of a test process. Starting one takes ten
// seconds, so all Systems share it; each has topics and groups of its own.
var shared struct {
	sync.Mutex
	folder string // set by Main
	plain  kafka.Broker
	linked kafka.Broker
	link   *network.Link // in front of linked
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
		shared.plain = startShared(t, "kafka", kafka.StartReal)
	}
	return shared.plain
}

// linkedBroker is broker with a link in front of it.
func linkedBroker(t testing.TB) (kafka.Broker, *network.Link) {
	t.Helper()
	if !kafka.Real() {
		link := network.Open(t)
		fake, err := kafka.StartFakeBehind(t.TempDir(), link)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = fake.Stop() })
		return fake, link
	}
	shared.Lock()
	defer shared.Unlock()
	if shared.linked == nil {
		link, err := network.New()
		if err != nil {
			t.Fatal(err)
		}
		shared.link = link
		shared.linked = startShared(t, "linked", func(ctx context.Context, dir string) (*kafka.RealBroker, error) {
			return kafka.StartRealBehind(ctx, dir, link)
		})
	}
	return shared.linked, shared.link
}

func startShared(t testing.TB, name string, start func(context.Context, string) (*kafka.RealBroker, error)) kafka.Broker {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute) // a first start downloads
	defer cancel()
	for attempt := 1; ; attempt++ {
		folder := filepath.Join(shared.folder, fmt.Sprintf("%s-%d", name, attempt))
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
	for _, b := range []kafka.Broker{shared.plain, shared.linked} {
		if b != nil {
			_ = b.Kill() // its data is removed anyway
		}
	}
	if shared.link != nil {
		shared.link.Close()
	}
}
