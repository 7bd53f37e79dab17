package observe_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"muster/observe"
	"muster/pipeline"
	"muster/sink"
)

func get(t *testing.T, w *observe.Watch, path string) (int, string) {
	t.Helper()
	rec := httptest.NewRecorder()
	w.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
	return rec.Code, rec.Body.String()
}

func mustContain(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("there is no line %q", line)
		}
	}
}

func TestMetricsOfPipeline(t *testing.T) {
	w := observe.New(zap.NewNop())
	p := w.Pipeline()
	p.Committed(3, pipeline.BatchStats{
		Records: 10, Events: 7, Repeats: 2, Changes: 9, ByTime: 1, ByRules: 2, ByBackfill: 4, Directives: 13, Profiles: 4, Loaded: 3, ClampedTime: 1, ClampedArrival: 6,
		Relieved: 8, StoodIn: 9, Unjoined: 11, Tombstones: 12, Lag: 42, StreamTime: 1_500, Edition: 2, Step: time.Millisecond, Commit: time.Millisecond,
	})
	p.Fenced(3, pipeline.ErrFenced)
	_, text := get(t, w, "/metrics")
	mustContain(t, text,
		`muster_records_total{shard="3"} 10`, `muster_events_total{shard="3"} 7`, `muster_repeats_total{shard="3"} 2`,
		`muster_changes_total{cause="event",shard="3"} 2`,
		`muster_changes_total{cause="backfill",shard="3"} 4`, `muster_directives_total{shard="3"} 13`,
		`muster_changes_total{cause="time",shard="3"} 1`, `muster_changes_total{cause="rules",shard="3"} 2`, `muster_profiles_written_total{shard="3"} 4`,
		`muster_profiles_loaded_total{shard="3"} 3`, `muster_clamped_total{kind="time",shard="3"} 1`,
		`muster_profiles_relieved_total{shard="3"} 8`, `muster_times_stood_in_total{shard="3"} 9`,
		`muster_unjoined_total{shard="3"} 11`, `muster_tombstones_total{shard="3"} 12`,
		`muster_clamped_total{kind="arrival",shard="3"} 6`, `muster_lag_records{shard="3"} 42`,
		`muster_stream_time_seconds{shard="3"} 1.5`, `muster_fenced_total{shard="3"} 1`,
		`muster_shard_edition{shard="3"} 2`, `muster_step_seconds_count{shard="3"} 1`, `muster_commit_seconds_count{shard="3"} 1`)
	p.Left(3, nil)
	if _, text := get(t, w, "/metrics"); strings.Contains(text, "muster_lag_records{") {
		t.Error("the lag of a shard that was left is still told")
	}
}

func TestMetricsOfStreamAndSink(t *testing.T) {
	w := observe.New(zap.NewNop())
	s := w.Stream()
	s.Routed("shop", 0, 5, 4)
	s.Tombstones("shop", 0, 6)
	s.DeadLettered("shop", 1)
	s.FetchError("keyed", 0, errors.New("lost"), time.Second)
	s.GroupError("g", errors.New("lost"))
	s.Succeeded("g", 1, nil)
	s.Succeeded("g", 0, errors.New("refused"))
	s.CommitError("g", errors.New("lost"))
	w.Sink().Retried("loading", errors.New("lost"))
	w.Sink().Committed(sink.Committed{Shard: 1, Bytes: 99})
	_, text := get(t, w, "/metrics")
	mustContain(t, text,
		`muster_routed_records_total{topic="shop"} 5`, `muster_routed_events_total{topic="shop"} 4`,
		`muster_routed_tombstones_total{topic="shop"} 6`,
		`muster_dead_letters_total{topic="shop"} 1`, `muster_kafka_errors_total{kind="fetch"} 1`,
		`muster_kafka_errors_total{kind="group"} 2`, `muster_kafka_errors_total{kind="commit"} 1`,
		`muster_redis_retries_total{operation="loading"} 1`, `muster_profile_bytes_written_total{shard="1"} 99`)
}

func TestReadiness(t *testing.T) {
	w := observe.New(zap.NewNop())
	expect := func(status int, body string) {
		t.Helper()
		if code, text := get(t, w, "/readyz"); code != status || text != body+"\n" {
			t.Errorf("readyz is %d %q, want %d %q", code, text, status, body)
		}
	}
	expect(200, "ready")
	w.Health().Wait("redis", "connection refused")
	w.Health().Wait(observe.GroupPart("g"), "joining")
	expect(503, "group g: joining\nredis: connection refused")
	w.Health().Ready("redis")
	w.Stream().Assigned("g", 1, map[string][]int{"keyed": {0, 1}})
	expect(200, "ready")
	w.Stream().Poisoned("keyed", 1, errors.New("gap"))
	w.Stream().Poisoned("keyed", 1, errors.New("gap"))
	expect(503, "partition 1 of keyed: gap")
	_, text := get(t, w, "/metrics")
	mustContain(t, text, `muster_poisoned_partitions 1`, `muster_assigned_partitions{group="g"} 2`)
	w.Stream().Released("keyed", 1, time.Second)
	expect(200, "ready")
	_, text = get(t, w, "/metrics")
	mustContain(t, text, `muster_poisoned_partitions 0`)
	if code, text := get(t, w, "/healthz"); code != 200 || text != "alive\n" {
		t.Errorf("healthz is %d %q", code, text)
	}
}

func TestDeadLettersAreLoggedWithoutTheirValue(t *testing.T) {
	core, logs := observer.New(zap.DebugLevel)
	p := observe.New(zap.New(core)).Pipeline()
	p.DeadLetter(1, pipeline.DeadLetter{Reason: "userId: absent", Topic: "keyed", Offset: 7, Value: []byte("secret")})
	p.Left(1, errors.New("broken"))
	p.Opened(1, pipeline.State{Next: 8})
	entries := logs.All()
	if len(entries) != 3 {
		t.Fatalf("%d lines", len(entries))
	}
	fields := entries[0].ContextMap()
	if fields["reason"] != "userId: absent" || fields["offset"] != int64(7) || fields["value"] != nil {
		t.Errorf("logged %v", fields)
	}
	if entries[1].Level != zap.ErrorLevel || entries[2].Level != zap.InfoLevel {
		t.Errorf("levels %v and %v", entries[1].Level, entries[2].Level)
	}
}

// TestGivingUpDetailIsLoggedOnceAMinute however many batches tell of it.
func TestGivingUpDetailIsLoggedOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.WarnLevel)
		p := observe.New(zap.New(core)).Pipeline()
		for minutes := 1; minutes < 3; minutes++ {
			p.Committed(1, pipeline.BatchStats{})
			for range 1000 {
				p.Committed(1, pipeline.BatchStats{Relieved: 2})
			}
			if n := logs.Len(); n != minutes {
				t.Errorf("%d lines in %d minutes", n, minutes)
			}
			time.Sleep(time.Minute)
		}
	})
}

func TestLogger(t *testing.T) {
	var out bytes.Buffer
	synctest.Test(t, func(t *testing.T) { // all within one second
		log, err := observe.NewLogger(observe.LogConfig{Level: "warn", Format: "json"}, &out)
		if err != nil {
			t.Fatal(err)
		}
		log.Info("not this")
		for range 3000 {
			log.Warn("flood")
		}
	})
	lines := strings.Count(out.String(), "\n")
	if !strings.Contains(out.String(), `"msg":"flood"`) || strings.Contains(out.String(), "not this") || lines > 300 {
		t.Errorf("%d lines, the first is %.200s", lines, out.String())
	}
	for _, c := range []observe.LogConfig{{Level: "loud", Format: "json"}, {Level: "info", Format: "xml"}, {}} {
		if _, err := observe.NewLogger(c, &out); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
	if err := observe.DefaultLog().Validate(); err != nil {
		t.Error(err)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- observe.Serve(ctx, listener, observe.New(zap.NewNop()).Handler()) }()
	res, err := http.Get("http://" + listener.Addr().String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil || string(body) != "alive\n" {
		t.Errorf("got %q, %v", body, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
