package observe_test

import (
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"muster/observe"
	"muster/sink"
)

// What waits and what there is of cubes is told as long as the process counts for
// the shard, and cells that give way are an operator's concern.
func TestCubesAreMeasured(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	w := observe.New(zap.New(core))
	w.CubesWaiting(3, 7)
	_, text := get(t, w, "/metrics")
	mustContain(t, text, `muster_cube_parts_waiting{shard="3"} 7`)
	w.CubesFolded(3, sink.CubesFolded{Parts: 5, Waiting: 2, Fullest: 90, Bytes: 4000})
	w.CubesFolded(3, sink.CubesFolded{Parts: 1, Waiting: 1, Fullest: 80, Bytes: 1000, Cells: 10})
	w.CubesFolded(3, sink.CubesFolded{})
	_, text = get(t, w, "/metrics")
	mustContain(t, text, `muster_cube_parts_waiting{shard="3"} 0`, `muster_cube_cells{shard="3"} 80`,
		`muster_cube_cells_folded_total{shard="3"} 10`, `muster_cube_bytes_written_total{shard="3"} 5000`)
	if logs.Len() != 1 {
		t.Errorf("%d lines are logged, want one", logs.Len())
	}
	w.CubesGone(3)
	if _, text = get(t, w, "/metrics"); strings.Contains(text, "muster_cube_parts_waiting{") || strings.Contains(text, "muster_cube_cells{") {
		t.Error("a shard that is given up is still measured")
	}
}
