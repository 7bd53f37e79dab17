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
)

// startAttempts is more than 1 because somebody else can take a free port
// before the broker binds it.
const startAttempts = 3

// shared is the real broker of a test process. Starting one takes ten
// seconds, so all Systems share it; each has topics and groups of its own.
var shared struct {
	sync.Mutex
	folder string // set by Main
	broker kafka.Broker
}

// broker returns the shared real broker, or a fake one for this test alone.
func broker(t testing.TB) kafka.Broker {
	t.Helper()
	if !kafka.Real() {
		return kafka.Start(t)
	}
	shared.Lock()
	defer shared.Unlock()
	if shared.broker != nil {
		return shared.broker
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute) // a first start downloads
	defer cancel()
	for attempt := 1; ; attempt++ {
		started, err := startIn(ctx, filepath.Join(shared.folder, fmt.Sprintf("kafka-%d", attempt)))
		if err == nil {
			shared.broker = started
			return started
		}
		if attempt == startAttempts {
			t.Fatal(err)
		}
		t.Logf("starting Kafka once more: %v", err)
	}
}

func startIn(ctx context.Context, folder string) (kafka.Broker, error) {
	if err := os.Mkdir(folder, 0o700); err != nil {
		return nil, err
	}
	return kafka.StartReal(ctx, folder)
}

func stopBroker() {
	shared.Lock()
	defer shared.Unlock()
	if shared.broker != nil {
		_ = shared.broker.Kill() // its data is removed anyway
	}
}
