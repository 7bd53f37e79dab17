package history

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// aged makes all files of a folder older than anything.
func aged(t *testing.T, dir string) {
	t.Helper()
	long := time.Now().Add(-1000 * time.Hour)
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(path, long, long)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func clean(t *testing.T, dir string, unused time.Time, dryRun bool) *Cleaned {
	t.Helper()
	done, err := Clean(t.Context(), dir, Cleaning{Unused: unused, Idle: unused, DryRun: dryRun})
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// filesOf lists the files of a folder.
func filesOf(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// What was used since is there, and the same request needs nothing anew; what
// was not is gone, results excepted.
func TestCleanRemovesWhatWasNotUsed(t *testing.T) {
	s, dir := randomShop(t, 3, 300, 3), t.TempDir()
	putObject(t, s.folder, "2026-11-01/broken.json.gz", []string{`{"type":"track"`}) // which has dead letters
	other := s.request(t, s.end)
	other.Set = compileTexts(t, map[string]string{"pro": `traits.no_rule_reads_this == "pro"`})
	backfill(t, other, config(dir, 2))
	backfill(t, s.request(t, s.end), config(dir, 2))
	aged(t, dir)
	began := time.Now().Add(-time.Minute)
	report := backfill(t, s.request(t, s.end), config(dir, 2))
	if report.Read.Objects != 0 || report.Slices != 0 {
		t.Fatalf("%+v", report)
	}
	all := filesOf(t, dir)
	foretold := clean(t, dir, began, true)
	if len(filesOf(t, dir)) != len(all)+1 && len(filesOf(t, dir)) != len(all) {
		t.Error("a dry run has removed something")
	}
	done := clean(t, dir, began, false)
	if !reflect.DeepEqual(done, foretold) || done.Runs.Files < report.Archive.Chosen.Objects || done.Slices.Files != sliceCount || done.Bases.Files != 1 || done.Projections.Files != 1 {
		t.Errorf("cleaned %+v, foretold %+v", done, foretold)
	}
	if report = backfill(t, s.request(t, s.end), config(dir, 2)); report.Read.Objects != 0 || report.Slices != 0 {
		t.Errorf("what was used is gone: %+v", report)
	}
	aged(t, dir)
	clean(t, dir, began, false)
	for _, path := range filesOf(t, dir) {
		if !strings.Contains(path, "/requests/") && filepath.Base(path) != "use.lock" {
			t.Errorf("%s is left", path)
		}
	}
	aged(t, dir)
	clean(t, dir, began, false)
	if folders, _ := os.ReadDir(filepath.Join(dir, "runs")); len(folders) > 0 {
		t.Errorf("%d empty folders are left", len(folders))
	}
	if report = backfill(t, s.request(t, s.end), config(dir, 2)); report.Saved.Objects != 0 {
		t.Errorf("saved %+v", report.Saved)
	}
	compareMembers(t, "anew", membersOf(t, report), s.foretold(t, s.end))
}

// A request that sorted runs keeps what it has found, however long ago it was made.
func TestCleanWhileARequestRuns(t *testing.T) {
	s, dir := randomShop(t, 4, 300, 3), t.TempDir()
	middle := s.events[len(s.events)/2].Arrival
	backfill(t, s.request(t, middle), config(dir, 2))
	aged(t, dir)
	began := time.Now().Add(-time.Minute)
	b, err := New(s.request(t, s.end), config(dir, 2))
	if err != nil {
		t.Fatal(err)
	}
	var cleaned atomic.Int64
	b.work.written = func(path string) error { // by any worker
		if !strings.Contains(path, "/slices/") {
			return nil
		}
		cleaned.Add(1)
		_, err := Clean(t.Context(), dir, Cleaning{Unused: began, Idle: began})
		return err
	}
	report, err := b.Run(t.Context())
	if err != nil || cleaned.Load() == 0 || report.Read.Objects != 0 {
		t.Fatalf("%v, cleaned %d times, %+v", err, cleaned.Load(), report)
	}
	compareMembers(t, "cleaned meanwhile", membersOf(t, report), s.foretold(t, s.end))
}

// Parts are removed that nobody writes any more, wherever they are, and as
// whole folders.
func TestCleanRemovesParts(t *testing.T) {
	dir, idle := t.TempDir(), time.Now().Add(-time.Hour)
	for path, age := range map[string]time.Duration{
		"runs/ab/x.parquet.1.part": 2 * time.Hour, "requests/r/members.part/s.ndjson": 2 * time.Hour, "requests/r/state.json.2.part": 2 * time.Hour,
		"slices/k/0000.parquet.3.part": time.Minute, "requests/q/members.part/s.ndjson": time.Minute, "requests/q/members/s.ndjson": 2 * time.Hour,
	} {
		putBytes(t, dir, path, []byte("12345"))
		at := time.Now().Add(-age)
		for _, one := range []string{filepath.Join(dir, path), filepath.Dir(filepath.Join(dir, path))} {
			if err := os.Chtimes(one, at, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	done, err := Clean(t.Context(), dir, Cleaning{Unused: time.Time{}, Idle: idle})
	if err != nil || done.Parts != (Freed{3, 15}) {
		t.Errorf("%+v, %v", done, err)
	}
	if left := filesOf(t, filepath.Join(dir, "requests")); len(left) != 2 {
		t.Errorf("left are %s", left)
	}
	if left := filesOf(t, filepath.Join(dir, "slices")); len(left) != 1 {
		t.Errorf("left are %s", left)
	}
}
