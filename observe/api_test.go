package observe_test

import (
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"muster/observe"
)

func TestTheAPIIsMeasured(t *testing.T) {
	w := observe.New(zap.NewNop())
	w.APIAnswered("/v1/segments/{id}", "GET", 200, time.Millisecond, false)
	w.APIAnswered("/v1/segments/{id}", "GET", 204, time.Millisecond, false)
	w.APIAnswered("/v1/segments/{id}", "GET", 499, time.Millisecond, false)
	w.APIAnswered("/v1/changes", "GET", 200, time.Hour, true)
	w.APIRefused("limit", "shop")
	w.APIRefused("token", "")
	w.APIStreams(3)
	w.APIStreams(2)
	w.APIReconnected("oldest")
	_, text := get(t, w, "/metrics")
	mustContain(t, text,
		`muster_api_requests_total{method="GET",route="/v1/segments/{id}",status="2xx"} 2`,
		`muster_api_requests_total{method="GET",route="/v1/segments/{id}",status="4xx"} 1`,
		`muster_api_requests_total{method="GET",route="/v1/changes",status="2xx"} 1`,
		`muster_api_seconds_count{route="/v1/segments/{id}"} 3`,
		`muster_api_refused_total{reason="limit",token="shop"} 1`, `muster_api_refused_total{reason="token",token=""} 1`,
		`muster_api_streams 2`, `muster_api_reconnects_total{cause="oldest"} 1`)
	if strings.Contains(text, `muster_api_seconds_count{route="/v1/changes"}`) {
		t.Error("how long a client listens is taken for how long an answer takes")
	}
}
