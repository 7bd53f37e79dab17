package tracking

import (
	"strings"
	"testing"

	"muster/api/access"
	"muster/event"
)

// TestConfigTellsAllMistakesInOrder, and what uses a bad one refuses it.
func TestConfigTellsAllMistakesInOrder(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	bad := Config{MaxEvent: 1, MaxBatch: 0, MaxEvents: 0, InFlight: -1, ReadTimeout: 1, AckTimeout: 1 << 62}
	want := `max_event: 1 is not within 1024 and 921600
max_batch: 0 is not within 1 and 1048576
max_events: 0 is not within 1 and 100000
in_flight: -1 is not within 0 and 1073741824
read_timeout: 1ns is not within 100ms and 10m0s
ack_timeout: 1281023h53m38.427387904s is not within 100ms and 10m0s`
	if err := bad.Validate(); err == nil || err.Error() != want {
		t.Errorf("got\n%v", err)
	}
	limits := event.Default()
	limits.MaxDepth = 0
	_, err := New(bad, &memory{}, access.Guard{}, limits, Observer{})
	if err == nil || !strings.Contains(err.Error(), "max_event: 1") || !strings.Contains(err.Error(), "max_depth is 0") {
		t.Errorf("got %v", err)
	}
}
