package history

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/history/archive"
	"muster/history/files"
	"muster/test/kit/s3"
)

// far is how a bucket of a test's server is reached.
func far(server s3.Server) archive.Config {
	c := archive.Default()
	c.Endpoint, c.PathStyle, c.Attempts = server.Endpoint(), true, 3
	return c
}

// inBucket is the configuration of a machine whose work directory is a bucket.
func inBucket(t *testing.T, server s3.Server, location string, workers int) Config {
	t.Helper()
	c := config(location, workers)
	opened, err := files.OpenBucket(t.Context(), location, far(server))
	if err != nil {
		t.Fatal(err)
	}
	c.Files = opened
	return c
}

// fetched copies what a bucket has to a folder.
func fetched(t *testing.T, c Config) string {
	t.Helper()
	dir := t.TempDir()
	err := c.Files.List("", func(i files.Info) error {
		file, err := c.Files.Open(i.Name)
		if err != nil {
			return err
		}
		text, err := files.All(file)
		path := filepath.Join(dir, filepath.FromSlash(i.Name))
		return errors.Join(err, file.Close(), os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, text, 0o600))
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// kinds are the folders whose files must be the same wherever they lie.
var kinds = []string{"runs", "slices", "bases", "projections"}

// sameWork compares two work directories, all but what attempts cost.
func sameWork(t *testing.T, a, b, request string) {
	t.Helper()
	sameFiles(t, filepath.Join(a, requests, request), filepath.Join(b, requests, request))
	for _, kind := range kinds {
		x, y := results(t, filepath.Join(a, kind)), results(t, filepath.Join(b, kind))
		for name := range x {
			if x[name] != y[name] {
				t.Errorf("%s/%s differs", kind, name)
			}
		}
		if len(x) == 0 || len(x) != len(y) {
			t.Errorf("%d and %d %s", len(x), len(y), kind)
		}
	}
}

// A work directory in a bucket gets the bytes of one in a folder: by start, by
// tasks on machines that share nothing else, twice at the same time, and of
// the next day, which goes on from what is there. No machine keeps anything.
func TestS3WorkDirectoryGetsTheSameBytes(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	server := s3.Start(t)
	s3.SignIn(t, s3.Access, s3.Secret)
	s3.Make(t, server, "state")
	s := randomShop(t, 5, 60, 3)
	local := t.TempDir()
	first := s.request(t, s.end-millisPerDay)
	backfill(t, first, config(local, 2))
	whole := backfill(t, s.request(t, s.end), config(local, 2))

	const pooled, tasked = "s3://state/pool", "s3://state/deep/tasks/"
	backfill(t, first, inBucket(t, server, pooled, 2))
	report := backfill(t, s.request(t, s.end), inBucket(t, server, pooled, 2))
	if report.Read != whole.Read || report.From != whole.From || report.Folder != pooled+"/requests/"+report.Request {
		t.Errorf("in a bucket %+v, in a folder %+v", report, whole)
	}
	backfill(t, first, inBucket(t, server, tasked, 2))
	b, err := New(s.request(t, s.end), inBucket(t, server, tasked, 1))
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.Plan(t.Context(), 5)
	if err != nil {
		t.Fatal(err)
	}
	const known = tasked + "known.json"
	if err := b.Point(known); err != nil {
		t.Fatal(err)
	}
	resume := func() *Backfill {
		b, err := ResumeBy(t.Context(), known, 1, Reach{Archive: far(server)})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, stage := range stages {
		for range 2 {
			order := make([]int, p.Tasks(stage))
			for i := range order {
				order[i] = i
			}
			together(t, append(order, order...), func(i int) error { return resume().Do(t.Context(), Task{Stage: stage, Index: i}) })
		}
	}
	if _, err := resume().Gather(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, location := range []string{pooled, tasked} {
		sameWork(t, local, fetched(t, inBucket(t, server, location, 1)), whole.Request)
	}
	if left, err := filepath.Glob(filepath.Join(temporary, "muster-backfill-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// What is wrong with the bucket of a work directory is named.
func TestS3WorkDirectoryThatCantBeUsed(t *testing.T) {
	fake, err := s3.StartFake()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fake.Kill() })
	s3.SignIn(t, s3.Access, s3.Secret)
	bucket := s3.Make(t, fake, "state")
	if _, err := files.OpenBucket(t.Context(), "s3://nowhere/x", far(fake)); !errors.Is(err, archive.ErrMissing) || !strings.Contains(err.Error(), "bucket nowhere") {
		t.Errorf("no bucket: %v", err)
	}
	if _, err := files.OpenBucket(t.Context(), "s3:///x", far(fake)); err == nil || !strings.Contains(err.Error(), "names no bucket") {
		t.Errorf("no name: %v", err)
	}
	s := few(t)
	r := s.request(t, s.end)
	c := config("s3://state/w", 1)
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "was not opened") {
		t.Error(err)
	}
	run := func() error {
		b, err := New(r, inBucket(t, fake, "s3://state/w", 2))
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.Run(t.Context())
		return err
	}
	answers := fake.Handler
	fake.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut {
			answers.ServeHTTP(w, r)
			return
		}
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprint(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>no</Message></Error>`)
	})
	if err := run(); !errors.Is(err, archive.ErrDenied) || !strings.Contains(err.Error(), "s3:PutObject") || !strings.Contains(err.Error(), "s3://state/w/requests") {
		t.Errorf("no permission to write: %v", err)
	}
	removed := ""
	fake.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A sorted run is there when it is asked about, and gone when it is read.
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, ".parquet") && removed == "" {
			removed = strings.TrimPrefix(r.URL.Path, "/state/")
			bucket.Delete(removed)
		}
		answers.ServeHTTP(w, r)
	})
	c = inBucket(t, fake, "s3://state/w", 1)
	b, err := New(r, c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Run(t.Context()); !errors.Is(err, files.ErrRemoved) || removed == "" || !strings.Contains(err.Error(), removed) {
		t.Errorf("removed %s: %v", removed, err)
	}
	if err := run(); err != nil {
		t.Errorf("another attempt: %v", err)
	}
}
