package stack

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"muster/test/kafka"
)

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
	data := filepath.Join(shared.folder, "kafka")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	started, err := kafka.StartReal(ctx, data)
	if err != nil {
		t.Fatal(err)
	}
	shared.broker = started
	return started
}

func stopBroker() {
	shared.Lock()
	defer shared.Unlock()
	if shared.broker != nil {
		_ = shared.broker.Kill() // its data is removed anyway
	}
}
