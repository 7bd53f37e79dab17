package retail

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/test/e2e/stack"
	"muster/test/kit/days"
)

// backfillResult is the third line that make retail prints.
type backfillResult struct {
	Bench       string  `json:"bench"`
	Segments    int     `json:"segments"`
	Events      int     `json:"events"`
	Objects     int     `json:"objects"`
	Differences int     `json:"differences"`
	Seconds     float64 `json:"seconds"`
}

// TestRetailBackfill lays the data out as Segment does, an object a day, has
// evaluator backfill tell the members of the same segments as TestRetail, at
// the end of the data, and compares with the oracle.
//
// With MUSTER_RETAIL=FILE the result goes to that file as a line of JSON.
// Without it only the first lines are taken.
func TestRetailBackfill(t *testing.T) {
	if testing.Short() {
		t.Skip("backfills many events with the evaluator; runs without -short (make test)")
	}
	data := Open(t)
	limit := few
	if os.Getenv("MUSTER_RETAIL") != "" {
		limit = math.MaxInt
	}
	folder := t.TempDir()
	events := filepath.Join(folder, "events.ndjson")
	_, texts := segments(t, "segments")
	r := backfillResult{Bench: "retail-backfill", Segments: len(texts)}
	var asOf int64
	r.Events, _, asOf = spool(t, data, limit, events)
	r.Objects = layOut(t, events, filepath.Join(folder, "archive"))
	began := time.Now()
	work := backfilled(t, folder, asOf, r.Objects)
	r.Seconds = math.Round(time.Since(began).Seconds()*10) / 10
	want := foretold(t, events, texts, []int64{asOf})[asOf]
	for id := range texts {
		r.Differences += apart(t, asOf, id, backfilledMembers(t, work, id), want[id])
	}
	if len(want) == 0 || r.Differences > 0 {
		t.Errorf("%d differences in %d segments with a member", r.Differences, len(want))
	}
	write(t, r)
}

// layOut writes the events as Segment does, an object for each day, and
// returns how many there are.
func layOut(t *testing.T, events, root string) int {
	t.Helper()
	text, err := os.ReadFile(events)
	if err != nil {
		t.Fatal(err)
	}
	var archive days.Archive
	for line := range bytes.Lines(text) {
		archive.Add(arrival(t, line), bytes.TrimSuffix(line, []byte("\n")))
	}
	objects, err := archive.Write(root, nil)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// TestRetailBackfillKilled kills the process that backfills, once among the
// objects and once among the slices, and demands the results of one that was
// left alone.
func TestRetailBackfillKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("backfills many events with the evaluator; runs without -short (make test)")
	}
	data := Open(t)
	folder := t.TempDir()
	events := filepath.Join(folder, "events.ndjson")
	_, _, asOf := spool(t, data, handful, events)
	objects := layOut(t, events, filepath.Join(folder, "archive"))
	whole := results(t, backfilled(t, folder, asOf, objects))
	if err := os.RemoveAll(filepath.Join(folder, "work")); err != nil {
		t.Fatal(err)
	}
	for _, made := range []string{"runs/*/*.parquet", "slices/*/*.parquet"} {
		killBackfill(t, folder, asOf, made)
	}
	if got := results(t, backfilled(t, folder, asOf, objects)); !maps.Equal(got, whole) || len(got) < 10 {
		t.Errorf("%d files that differ from the %d of a backfill that was left alone", len(got), len(whole))
	}
}

// results are the members and the summary that a backfill wrote.
func results(t *testing.T, folder string) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "members", "*"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, name := range append(names, filepath.Join(folder, "summary.json")) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		found[filepath.Base(name)] = string(text)
	}
	return found
}

// killBackfill starts a backfill and kills it as soon as it has made a file of
// a kind.
func killBackfill(t *testing.T, folder string, asOf int64, made string) {
	t.Helper()
	cmd := backfillCommand(t, folder, asOf)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		files, err := filepath.Glob(filepath.Join(folder, "work", made))
		if err != nil {
			t.Fatal(err)
		}
		if len(files) > 0 {
			_ = cmd.Process.Kill() // it may have ended by itself
			t.Logf("killed after %s: %v", files[0], <-ended)
			return
		}
		select {
		case err := <-ended:
			t.Fatalf("the backfill has ended without making %s: %v", made, err)
		case <-time.After(time.Millisecond):
		}
	}
}

// backfilled runs evaluator backfill and returns the folder of the result.
func backfilled(t *testing.T, folder string, asOf int64, objects int) string {
	t.Helper()
	cmd := backfillCommand(t, folder, asOf)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("backfilling: %v\n%s", err, complaints.String())
	}
	var report struct {
		Folder  string
		Summary struct {
			Objects     int
			DeadLetters int `json:"dead_letters"`
			Refused     int
		}
	}
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatal(err)
	}
	if s := report.Summary; s.Objects != objects || s.DeadLetters+s.Refused > 0 {
		t.Fatalf("the backfill read something else: %s", out)
	}
	return report.Folder
}

// backfillCommand is evaluator backfill of the archive in a folder.
func backfillCommand(t *testing.T, folder string, asOf int64) *exec.Cmd {
	t.Helper()
	config := filepath.Join(folder, "muster.yaml")
	if err := os.WriteFile(config, []byte("pipeline:\n"+pipeline), 0o600); err != nil {
		t.Fatal(err)
	}
	return exec.Command(stack.Binary(), "backfill", "start", "--dry-run", "-c", config, "-f", "segments",
		"--archive", filepath.Join(folder, "archive"), "--layout", "segment", "--work", filepath.Join(folder, "work"),
		"--as-of", spell(asOf), "--output", "json")
}

// backfilledMembers reads the members of a segment.
func backfilledMembers(t *testing.T, folder, id string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "members", id+".ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	var members []string
	for line := range bytes.Lines(text) {
		var one struct{ Profile string }
		if err := json.Unmarshal(line, &one); err != nil {
			t.Fatal(err)
		}
		members = append(members, one.Profile)
	}
	return members
}
