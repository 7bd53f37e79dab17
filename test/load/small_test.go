package load

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
)

// few is enough for some members and some changes.
const few = 400

// TestSmall runs all of the benchmark in small, so that it can't rot: every
// case is measured, every line says what it should, and the memberships that
// engine and naive leave are those that the rules mean.
func TestSmall(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers and services; runs without -short (make test)")
	}
	o := &options{
		populations: []population{{name: "hot", profiles: 400, cache: 1 << 20, fits: true}},
		cases:       []string{engine, floor, naive}, segments: []int{0, few}, naive: []int{few},
		repeats: 1, events: 20_000, decisions: 4000 * few, live: time.Second / 2, whole: true, verify: true,
	}
	all := measure(t, o, t.Output())
	if len(all) != 4 {
		t.Fatalf("there are %d results, want those of engine 0, floor, engine and naive with few segments", len(all))
	}
	for i := range all {
		var out bytes.Buffer
		if err := all[i].write(&out); err != nil {
			t.Fatal(err)
		}
		checkLine(t, out.Bytes())
	}
}

func checkLine(t testing.TB, text []byte) {
	t.Helper()
	var line map[string]any
	if err := json.Unmarshal(text, &line); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if line["bench"] != "e2e" || line["population"] != "hot" {
		t.Errorf("%s: this is not a line of the benchmark", text)
	}
	wanted := []string{"events_s", "p50_ms", "p99_ms", "p999_ms", "redis_bytes_event", "rss_mb", "allocs_per_event", "profiles_written_event", "vs_zero", "vs_floor"}
	if line["case"] == floor {
		wanted = []string{"events_s", "p50_ms", "p99_ms", "p999_ms", "rss_mb", "redis_bytes_event"}
	} else if line["segments"] == float64(few) {
		wanted = append(wanted, "vs_naive", "changes_event")
	}
	for _, figure := range wanted {
		if f, ok := line[figure].(float64); !ok || f <= 0 {
			t.Errorf("%s: %s is %v, want a figure above 0", text, figure, line[figure])
		}
	}
}
