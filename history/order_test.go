package history

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A machine that has nothing but the plan makes what was asked for: with the
// same id, into the same work directory, whatever that is called there.
func TestResumeNeedsThePlanAlone(t *testing.T) {
	s, dir := few(t), t.TempDir()
	r := s.request(t, s.end)
	r.OnError, r.ReadIDs, r.From = Skip, true, decodeTime(t, "2026-11-01T00:00:00Z")
	r.Limits.Profiles.Entries, r.Limits.Events.MaxTraits = 99, 98
	whole := backfill(t, r, config(t.TempDir(), 1))
	b := machine(t, r, dir)
	if _, err := b.Plan(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if err := b.Point(filepath.Join(dir, "year.json")); err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.Rename(dir, elsewhere); err != nil {
		t.Fatal(err)
	}
	var report *Report
	for _, task := range []Task{
		{Stage: StageIndex, Index: 1}, {Stage: StageIndex}, {Stage: StageEvaluate}, {Stage: StageEvaluate, Index: 1}, {Stage: StageGather},
	} {
		b, err := Resume(t.Context(), filepath.Join(elsewhere, "year.json"), 1)
		if err != nil {
			t.Fatal(err)
		}
		if b.config.MaxRuns != 8 || b.config.SortBytes != 1<<20 || b.request.ID() != r.ID() {
			t.Fatalf("%+v, %s", b.config, b.request.ID())
		}
		if task.Stage == StageGather {
			report, err = b.Gather(t.Context())
		} else {
			err = b.Do(t.Context(), task)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	sameFiles(t, whole.Folder, report.Folder)
	if report.Read.Objects != 2 || report.SlicesSaved != sliceCount {
		t.Errorf("%+v", report)
	}
}

// A plan of another version, or of one that reads it otherwise, is refused.
func TestResumeRefusesAnotherVersion(t *testing.T) {
	s := few(t)
	for name, change := range map[string][2]string{
		"decoder":  {`"decoder": 1`, `"decoder": 77`},
		"limits":   {`"MaxTraits": `, `"MaxTraits": 1`},
		"segments": {`traits.plan == \"pro\"`, `traits.plan == \"free\"`},
	} {
		b := machine(t, s.request(t, s.end), t.TempDir())
		if _, err := b.Plan(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(b.PlanFile())
		if err != nil || !strings.Contains(string(text), change[0]) {
			t.Fatalf("%s: %s, %v", name, text, err)
		}
		if err := os.WriteFile(b.PlanFile(), []byte(strings.Replace(string(text), change[0], change[1], 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Resume(t.Context(), b.PlanFile(), 1); !errors.Is(err, ErrOther) || !strings.Contains(err.Error(), "use one version on all machines") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
