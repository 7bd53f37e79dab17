package observe_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"muster/observe"
	"muster/rules"
	"muster/segments"
)

// Refused files are an operator's concern, not a reason to take work away.
func TestRefusedSegmentsAreNotedAndStayReady(t *testing.T) {
	core, logs := observer.New(zap.DebugLevel)
	w := observe.New(zap.New(core))
	s := w.Segments()
	s.Published(segments.Published{Edition: 1, Segments: 4, Added: 4})
	_, err := rules.Load(rules.Source{Name: "shop.yaml", Data: []byte("segments:\n  - {id: a, rule: traits.x ===}\n")})
	s.Refused(err)
	status, body := get(t, w, "/readyz")
	if status != 200 || !strings.HasPrefix(body, "ready\nsegments: segments are refused") || !strings.Contains(body, "shop.yaml:2:") {
		t.Errorf("readyz is %d %q", status, body)
	}
	_, text := get(t, w, "/metrics")
	mustContain(t, text, `muster_segments_refused 1`, `muster_segments 4`, `muster_segments_edition 1`,
		`muster_segments_loads_total{outcome="refused"} 1`, `muster_segments_loads_total{outcome="taken"} 1`)
	entries := logs.FilterMessage("mistake in a segment").All()
	if len(entries) == 0 {
		t.Fatal("no mistake is logged")
	}
	fields := entries[0].ContextMap()
	if fields["file"] != "shop.yaml" || fields["line"] != int64(2) || fields["column"] == int64(0) || fields["segment"] != "a" {
		t.Errorf("logged %v", fields)
	}

	s.Published(segments.Published{Edition: 2, Segments: 5, Added: 1, Took: 3 * time.Second})
	if _, body := get(t, w, "/readyz"); body != "ready\n" {
		t.Errorf("readyz is %q", body)
	}
	_, text = get(t, w, "/metrics")
	mustContain(t, text, `muster_segments_refused 0`, `muster_segments_edition 2`, `muster_segments_compile_seconds 3`)
}

// However many mistakes there are, the log gets a bounded number of lines;
// and files that can't be read are refused too.
func TestRefusalsAreLoggedWithinBounds(t *testing.T) {
	core, logs := observer.New(zap.DebugLevel)
	w := observe.New(zap.New(core))
	s := w.Segments()
	var many rules.Errors
	for range 1000 {
		many = append(many, &rules.Error{Message: "wrong"})
	}
	s.Refused(many)
	if n := len(logs.TakeAll()); n != 21 {
		t.Errorf("%d lines", n)
	}
	if _, body := get(t, w, "/readyz"); !strings.Contains(body, "mistake 1 of 1000: ") || strings.Count(body, "\n") > 5 {
		t.Errorf("readyz is %.300q", body)
	}
	s.Refused(errors.New("reading segments: permission denied"))
	s.Unchanged()
	if lines := logs.TakeAll(); len(lines) != 2 || lines[0].ContextMap()["error"] == nil {
		t.Errorf("logged %v", lines)
	}
}
