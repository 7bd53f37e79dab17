package observe

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"muster/history/account"
	"muster/history/queue"
)

// still is a request that stands still.
type still struct {
	state queue.State
	asked queue.Asked
}

func (s *still) State() queue.State { return s.state }
func (s *still) Asked() queue.Asked { return s.asked }

// metricsOf returns what is served of a request at a time.
func metricsOf(r BackfillRequest, deadline time.Duration, now time.Time) string {
	answer := httptest.NewRecorder()
	Backfill(r, deadline, func() time.Time { return now }).ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	return answer.Body.String()
}

// A request's metrics tell what it has read, how long its tasks took and how
// far it is.
func TestBackfillMetrics(t *testing.T) {
	var m account.Meter
	m.Kept(500, 7)
	m.Task("index", time.Now().Add(-2*time.Second))
	r := &still{asked: queue.Asked{ID: "ab"}}
	r.state = queue.State{Phase: queue.Running, Account: m.Account(), Left: 90, Stages: []queue.Stage{{Name: "plan"}, {Name: "index", Done: 500, All: 2000}}}
	text := metricsOf(r, 0, time.Now())
	for _, want := range []string{
		`muster_backfill_bytes_total{kind="billable",request="ab"} 500`, `muster_backfill_events_total{kind="billable",request="ab"} 7`,
		`muster_backfill_objects_total{kind="scanned",request="ab"} 0`, `muster_backfill_retries_total{request="ab"} 0`,
		`muster_backfill_task_seconds_bucket{request="ab",stage="index",le="1"} 0`,
		`muster_backfill_task_seconds_bucket{request="ab",stage="index",le="60"} 1`,
		`muster_backfill_task_seconds_count{request="ab",stage="index"} 1`,
		`muster_backfill_stage_done{request="ab",stage="index"} 500`, `muster_backfill_stage_all{request="ab",stage="index"} 2000`,
		`muster_backfill_waiting{request="ab"} 0`, `muster_backfill_seconds_left{request="ab"} 90`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("%s is not served", want)
		}
	}
	if strings.Contains(text, "within_deadline") {
		t.Error("there is no deadline, and it is kept")
	}
}

// A deadline is kept as long as what is left ends before it.
func TestBackfillDeadline(t *testing.T) {
	asked := time.Unix(1e9, 0)
	for name, c := range map[string]struct {
		gone time.Duration
		left float64 // seconds
		want string
	}{
		"in time": {30 * time.Minute, 29 * 60, "1"}, "too slow": {30 * time.Minute, 31 * 60, "0"},
		"not known": {59 * time.Minute, 0, "1"}, "passed": {61 * time.Minute, 0, "0"},
	} {
		r := &still{queue.State{Phase: queue.Running, Left: c.left}, queue.Asked{ID: "ab", At: asked}}
		if text := metricsOf(r, time.Hour, asked.Add(c.gone)); !strings.Contains(text, `muster_backfill_within_deadline{request="ab"} `+c.want+"\n") {
			t.Errorf("%s: %s", name, text)
		}
	}
}
