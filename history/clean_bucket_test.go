package history

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"muster/history/files"
	"muster/test/kit/s3"
)

// later waits until what the server writes is told to be of a later second than all
// that is in a bucket, and returns that.
func later(t *testing.T, b *files.Bucket) time.Time {
	t.Helper()
	var last time.Time
	newest := func(folder string) (at time.Time) {
		err := b.List(folder, func(i files.Info) error {
			if i.Modified.After(at) {
				at = i.Modified
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for last = newest(""); ; time.Sleep(20 * time.Millisecond) {
		if err := b.Write("probe", files.Replace, func(io.Writer) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if at := newest("").Truncate(time.Second); at.After(last) {
			return at
		}
	}
}

// What was used since is there in a bucket, and what was not is gone, results
// excepted; a dry run tells both before.
func TestS3CleanRemovesWhatWasNotUsed(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	server := s3.Start(t)
	s3.SignIn(t, s3.Access, s3.Secret)
	s3.Make(t, server, "state")
	s := randomShop(t, 3, 60, 3)
	putObject(t, s.folder, "2026-11-01/broken.json.gz", []string{`{"type":"track"`}) // which has dead letters
	b, err := files.OpenBucket(t.Context(), "s3://state/w", far(server), files.Stamp(0))
	if err != nil {
		t.Fatal(err)
	}
	c := config("s3://state/w", 2)
	c.Files = b
	other := s.request(t, s.end)
	other.Set = compileTexts(t, map[string]string{"pro": `traits.no_rule_reads_this == "pro"`})
	backfill(t, other, c)
	backfill(t, s.request(t, s.end), c)
	began := later(t, b)
	report := backfill(t, s.request(t, s.end), c)
	if report.Read.Objects != 0 || report.Slices != 0 {
		t.Fatalf("%+v", report)
	}
	clean := func(dryRun bool) *Cleaned {
		done, err := CleanBucket(t.Context(), b, Cleaning{Unused: began, DryRun: dryRun})
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	foretold := clean(true)
	if again := clean(true); !reflect.DeepEqual(again, foretold) {
		t.Error("a dry run has removed something")
	}
	lock, err := b.TryLock(files.CleanLock)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := CleanBucket(t.Context(), b, Cleaning{Unused: began}); !errors.Is(err, ErrHeld) {
		t.Errorf("two clean at a time: %v", err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	done := clean(false)
	if !reflect.DeepEqual(done, foretold) || done.Runs.Files < report.Archive.Chosen.Objects || done.Slices.Files != sliceCount ||
		done.Bases.Files != 1 || done.Projections.Files != 1 {
		t.Errorf("cleaned %+v, foretold %+v", done, foretold)
	}
	if report = backfill(t, s.request(t, s.end), c); report.Read.Objects != 0 || report.Slices != 0 {
		t.Errorf("what was used is gone: %+v", report)
	}
	began = later(t, b)
	clean(false)
	for _, kind := range append(kinds, "used") {
		if err := b.List(kind, func(i files.Info) error { return fmt.Errorf("%s is left", i.Name) }); err != nil {
			t.Error(err)
		}
	}
	if report = backfill(t, s.request(t, s.end), c); report.Saved.Objects != 0 {
		t.Errorf("saved %+v", report.Saved)
	}
	local := *report
	local.Folder = filepath.Join(fetched(t, c), requests, report.Request)
	compareMembers(t, "anew", membersOf(t, &local), s.foretold(t, s.end))
}
