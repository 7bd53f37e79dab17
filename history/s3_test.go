package history

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"muster/history/archive"
	"muster/test/kit/s3"
)

// stored has a request read a folder from a bucket, into which it is put.
func stored(t testing.TB, folder string, r *Request, server s3.Server) {
	t.Helper()
	s3.SignIn(t, s3.Access, s3.Secret)
	bucket := s3.Make(t, server, "events")
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		key, _ := filepath.Rel(folder, path)
		bucket.Put("prod/"+filepath.ToSlash(key), content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	readFrom(t, r, "s3://events/prod", server.Endpoint())
}

// readFrom has a request read an archive of S3.
func readFrom(t testing.TB, r *Request, location, endpoint string) {
	t.Helper()
	c := archive.Default()
	c.Endpoint, c.PathStyle = endpoint, true
	var err error
	if r.Bucket, r.Prefix, err = archive.OpenBucket(t.Context(), location, c); err != nil {
		t.Fatal(err)
	}
}

// An archive in S3 gives the same bytes as one in a folder, also where the
// server is killed before an object is asked for and in the middle of another,
// and comes back later.
func TestS3OutlivesItsServer(t *testing.T) {
	s := evenShop(t)
	local := backfill(t, s.request(t, s.end), config(t.TempDir(), 2))
	server := s3.Start(t)
	r := s.request(t, s.end)
	stored(t, s.folder, r, server)
	f := &fragile{Bucket: r.Bucket, server: server, back: make(chan error, 2)}
	r.Bucket = f
	report := backfill(t, r, config(t.TempDir(), 2))
	for range 2 {
		if err := <-f.back; err != nil {
			t.Fatal(err)
		}
	}
	if report.Read != local.Read || report.Read.Objects < 60 {
		t.Errorf("it has read %+v, want %+v", report.Read, local.Read)
	}
	for name, want := range results(t, local.Folder) {
		if got := results(t, report.Folder)[name]; strings.ReplaceAll(got, "prod/", "") != want {
			t.Errorf("%s differs", name)
		}
	}
}

// fragile is a Bucket whose server is killed twice.
type fragile struct {
	archive.Bucket
	server s3.Server
	back   chan error // what came of each restart
	opened atomic.Int64
}

// kill kills the server, and has it come back when nobody can reach it.
func (f *fragile) kill(ctx context.Context) error {
	if err := f.server.Kill(); err != nil {
		return err
	}
	if answer, err := http.Get(f.server.Endpoint()); err == nil {
		return errors.Join(errors.New("the server answers after a kill"), answer.Body.Close())
	}
	go func() { f.back <- f.server.Restart(ctx) }()
	return nil
}

func (f *fragile) Open(ctx context.Context, o archive.Object) (io.ReadCloser, error) {
	n := f.opened.Add(1)
	if n == 10 {
		if err := f.kill(ctx); err != nil {
			return nil, err
		}
	}
	in, err := f.Bucket.Open(ctx, o)
	if n == 40 && err == nil { // the first is back: objects were read since
		if err := <-f.back; err != nil {
			return nil, err
		}
		f.back <- nil
		err = f.kill(ctx)
	}
	return in, err
}

// What the server does not permit is named with its key: it ends the backfill,
// or is a dead letter.
func TestS3ObjectsThatAreNotPermitted(t *testing.T) {
	const key = "prod/2026-11-02/b.json.gz"
	for _, on := range []OnError{Fail, Skip} {
		fake, err := s3.StartFake()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = fake.Kill() })
		s := few(t)
		r := s.request(t, s.end)
		stored(t, s.folder, r, fake)
		answers := fake.Handler
		fake.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, key) {
				answers.ServeHTTP(w, r)
				return
			}
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprint(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>no</Message></Error>`)
		})
		r.OnError = on
		members, report, err := outcome(t, r, t.TempDir())
		if on == Fail {
			if !errors.Is(err, archive.ErrDenied) || !strings.Contains(err.Error(), key) || !strings.Contains(err.Error(), "s3:GetObject") {
				t.Errorf("%v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		dead, _ := os.ReadFile(filepath.Join(report.Folder, "dead.ndjson"))
		if got := strings.Join(members["buyers"], " "); got != "ua ub" || !strings.Contains(string(dead), `{"object":"`+key+`"`) || len(report.Summary.Broken) != 1 {
			t.Errorf("buyers are %q, dead letters %s, summary %+v", got, dead, report.Summary)
		}
	}
}

// A bucket that does not exist is named before anything is made.
func TestS3BucketThatIsNotThere(t *testing.T) {
	server := s3.Start(t)
	s3.SignIn(t, s3.Access, s3.Secret)
	s := few(t)
	for _, on := range []OnError{Fail, Skip} {
		r := s.request(t, s.end)
		r.OnError = on
		readFrom(t, r, "s3://nowhere/prod", server.Endpoint())
		if _, _, err := outcome(t, r, t.TempDir()); !errors.Is(err, archive.ErrMissing) || !strings.Contains(err.Error(), "bucket nowhere") {
			t.Errorf("%s: %v", on, err)
		}
	}
}
