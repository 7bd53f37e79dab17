package files_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/history/archive"
	"muster/history/files"
	"muster/test/kit/s3"
)

type kept interface {
	Open(name string) (files.File, error)
	List(folder string, visit func(files.Info) error) error
	Write(name string, mode files.Mode, write func(io.Writer) error) error
	Remove(name string) error
}

func bucket(t *testing.T, options ...files.Option) *files.Bucket {
	t.Helper()
	return opened(t, serving(t), options...)
}

// serving starts a server that has the bucket, and returns its endpoint.
func serving(t *testing.T) string {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	server := s3.Start(t)
	s3.SignIn(t, s3.Access, s3.Secret)
	s3.Make(t, server, "state")
	return server.Endpoint()
}

// opened is what a process sees of the bucket at an endpoint.
func opened(t *testing.T, endpoint string, options ...files.Option) *files.Bucket {
	t.Helper()
	c := archive.Default()
	c.Endpoint, c.PathStyle = endpoint, true
	b, err := files.OpenBucket(t.Context(), "s3://state/some/work", c, options...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func put(t *testing.T, k kept, name string, mode files.Mode, content []byte) {
	t.Helper()
	if err := k.Write(name, mode, func(out io.Writer) error { _, err := out.Write(content); return err }); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, k kept, name string) []byte {
	t.Helper()
	f, err := k.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	content, err := files.All(f)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return content
}

func list(t *testing.T, k kept, folder string) string {
	t.Helper()
	var names []string
	if err := k.List(folder, func(i files.Info) error { names = append(names, i.Name); return nil }); err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, " ")
}

// A folder and a bucket keep files alike.
func TestFilesAreKept(t *testing.T) {
	for name, k := range map[string]kept{"folder": files.Folder{Dir: filepath.Join(t.TempDir(), "work")}, "bucket": bucket(t)} {
		t.Run(name, func(t *testing.T) {
			if _, err := k.Open("none/x"); !errors.Is(err, fs.ErrNotExist) {
				t.Error(err)
			}
			if got := list(t, k, "none"); got != "" {
				t.Errorf("nothing is %q", got)
			}
			put(t, k, "a/2", files.Replace, []byte("one"))
			put(t, k, "a/2", files.Replace, []byte("two"))
			put(t, k, "a/1/x", files.Once, nil)
			put(t, k, "ab", files.Once, []byte("other"))
			broke := errors.New("broke")
			if err := k.Write("a/3", files.Once, func(io.Writer) error { return broke }); !errors.Is(err, broke) || !strings.Contains(err.Error(), "a/3") {
				t.Error(err)
			}
			if got := list(t, k, "a"); got != "a/1/x a/2" {
				t.Errorf("listed %q", got)
			}
			if a, b := read(t, k, "a/2"), read(t, k, "a/1/x"); string(a) != "two" || len(b) != 0 {
				t.Errorf("%q and %q", a, b)
			}
			if err := errors.Join(k.Remove("a/2"), k.Remove("a/2")); err != nil {
				t.Error(err)
			}
			if got := list(t, k, "a"); got != "a/1/x" {
				t.Errorf("listed %q", got)
			}
		})
	}
}

// Any part of a file of a bucket can be read, however little may lie on this
// machine; what is written in parts is whole; and what is written once stays.
func TestBucketReadsAnyPart(t *testing.T) {
	const part = 5 << 20
	b := bucket(t, files.Scratch(300<<10), files.Parts(part))
	r := rand.New(rand.NewPCG(1, 1))
	content := make([]byte, 2*part+12345)
	for i := range content {
		content[i] = byte(r.Uint32())
	}
	put(t, b, "large", files.Once, content)
	put(t, b, "large", files.Once, []byte("another"))
	put(t, b, "small", files.Once, content[:7])
	put(t, b, "small", files.Once, content[:8])
	if got := read(t, b, "small"); len(got) != 7 {
		t.Errorf("%d bytes were put over 7", len(got))
	}
	f, err := b.Open("large")
	if err != nil {
		t.Fatal(err)
	}
	for range 60 {
		at, p := r.IntN(len(content)+10), make([]byte, r.IntN(700<<10))
		n, err := f.ReadAt(p, int64(at))
		want := content[min(at, len(content)):min(at+len(p), len(content))]
		if !bytes.Equal(p[:n], want) || (err != nil) != (at+len(p) > len(content)) || err != nil && !errors.Is(err, io.EOF) {
			t.Fatalf("%d bytes at %d: %d, %v", len(p), at, n, err)
		}
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if left, err := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "muster-backfill-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// A file that is replaced while it is open is not read as if it were the same.
func TestBucketNoticesAnotherFile(t *testing.T) {
	b := bucket(t)
	put(t, b, "x", files.Replace, []byte("one"))
	f, err := b.Open("x")
	if err != nil {
		t.Fatal(err)
	}
	put(t, b, "x", files.Replace, []byte("two"))
	if _, err := files.All(f); !errors.Is(err, files.ErrRemoved) || !strings.Contains(err.Error(), "s3://state/some/work/x") {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}
