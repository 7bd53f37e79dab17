package observe_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"muster/observe"
)

func TestTrackingIsSeen(t *testing.T) {
	core, lines := observer.New(zapcore.InfoLevel)
	w := observe.New(zap.New(core))
	w.TrackingAnswered(200, 5, 2, time.Millisecond)
	w.TrackingAnswered(503, 0, 0, time.Second)
	w.TrackingFailed(errors.New("no leader"))
	w.TrackingFailed(errors.New("no leader"))
	_, text := get(t, w, "/metrics")
	mustContain(t, text,
		`muster_tracking_requests_total{status="200"} 1`, `muster_tracking_requests_total{status="503"} 1`,
		`muster_tracking_events_total{kind="usable"} 3`, `muster_tracking_events_total{kind="unusable"} 2`,
		`muster_tracking_seconds_count{status="200"} 1`)
	if all := lines.All(); len(all) != 1 || !strings.Contains(all[0].Message, "503") {
		t.Errorf("logged %v", all)
	}
}
