package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rehearsalNames are all names of the JSON form. They are promised to stay.
var rehearsalNames = strings.Fields(`
	segments
	sample sample.records sample.events sample.profiles sample.bytes sample.span_s sample.cut sample.refused
	sample.refusals sample.refusals.reason sample.refusals.line sample.refusals.records
	measured measured.events measured.plays measured.warm
	events_s_core
	us_event us_event.read us_event.decode us_event.load us_event.apply us_event.match us_event.commit us_event.gc us_event.total
	per_event per_event.changes per_event.profiles_written per_event.profiles_loaded per_event.repeats
	profile_bytes profile_bytes.stored_p50 profile_bytes.stored_p99 profile_bytes.memory_p50 profile_bytes.memory_p99
	redis_bytes_profile redis_bytes_profile.profile redis_bytes_profile.timers redis_bytes_profile.memberships redis_bytes_profile.total
	sizing sizing.headroom sizing.profiles sizing.redis_node_gb sizing.servers_us_event sizing.redis_us_event
	sizing.rows sizing.rows.events_s sizing.rows.evaluator_cores sizing.rows.shards sizing.rows.redis_nodes sizing.rows.redis_gb sizing.rows.reach_gb`)

func TestRehearsalNames(t *testing.T) {
	folder := t.TempDir()
	segments, sample := filepath.Join(folder, "a.yaml"), filepath.Join(folder, "sample.ndjson")
	for path, text := range map[string]string{
		segments: "segments:\n  - {id: seen, rule: profile.first_seen != nil}\n",
		sample:   `{"type":"page","userId":"u1","timestamp":"2026-11-01T10:00:00Z"}` + "\nnot json\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, errs bytes.Buffer
	code := execute([]string{"rehearse", "--segments", segments, "--sample", sample, "--events", "1000", "--output", "json"}, console{nil, &out, &errs})
	if code != exitOK || errs.Len() > 0 {
		t.Fatalf("exit code %d: %s", code, &errs)
	}
	var found map[string]any
	if err := json.Unmarshal(out.Bytes(), &found); err != nil {
		t.Fatalf("%s: %v", &out, err)
	}
	got, want := slices.Sorted(slices.Values(namesIn("", found, nil))), slices.Sorted(slices.Values(rehearsalNames))
	if !slices.Equal(got, want) {
		t.Errorf("names are\n%q, want\n%q", got, want)
	}
}

// namesIn appends the names of an object and of what is in it.
func namesIn(prefix string, v any, names []string) []string {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if path := prefix + name; !slices.Contains(names, path) {
				names = append(names, path)
			}
			names = namesIn(prefix+name+".", inner, names)
		}
	case []any:
		for _, inner := range v {
			names = namesIn(prefix, inner, names)
		}
	}
	return names
}

// TestRehearsalProgress: a terminal is told now and then and left clean, anything
// else is told nothing.
func TestRehearsalProgress(t *testing.T) {
	var out bytes.Buffer
	silent := &rehearsalProgress{out: &out}
	silent.tick(500, "measuring")
	silent.clear()
	if out.Len() > 0 {
		t.Errorf("what is no terminal was told %q", &out)
	}
	p := &rehearsalProgress{out: &out, live: true}
	p.tick(500, "warming up")
	p.tick(1000, "warming up") // too soon
	p.last = p.last.Add(-progressEvery)
	p.tick(1500, "measuring")
	p.clear()
	if want := "\r\x1b[Kwarming up: 500 events\r\x1b[Kmeasuring: 1500 events\r\x1b[K"; out.String() != want {
		t.Errorf("a terminal was told %q, want %q", &out, want)
	}
}
