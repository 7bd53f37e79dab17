package archive

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// put writes a file below a folder.
func put(t *testing.T, root, key, text string) {
	t.Helper()
	path := filepath.Join(root, filepath.FromSlash(key))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// list returns what a bucket has under a prefix.
func list(t *testing.T, b Bucket, prefix string) []Object {
	t.Helper()
	var all []Object
	if err := b.List(t.Context(), prefix, func(o Object) error { all = append(all, o); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

func keys(objects []Object) []string {
	var all []string
	for _, o := range objects {
		all = append(all, o.Key)
	}
	return all
}

// open opens the archive at a location.
func open(t *testing.T, location string, c Config) (Bucket, string) {
	t.Helper()
	b, prefix, err := OpenBucket(t.Context(), location, c)
	if err != nil {
		t.Fatal(err)
	}
	return b, prefix
}

func content(t *testing.T, b Bucket, o Object) string {
	t.Helper()
	r, err := b.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// tree has keys whose order is not that of their folders.
var tree = []string{"a-b", "a.json", "a/b/c", "a/b.d", "a/é", "a0", "b/_x", "b/c/d/e", "z z/%20"}

func TestFolderListsInOrderOfKeys(t *testing.T) {
	root := t.TempDir()
	for _, key := range tree {
		put(t, root, key, key)
	}
	if err := os.Symlink(filepath.Join(root, "a0"), filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(root, filepath.Join(root, "loop")); err != nil {
		t.Fatal(err)
	}
	b, _ := open(t, root, Default())
	all := append(slices.Clone(tree), "link")
	slices.Sort(all)
	for _, prefix := range []string{"", "a", "a/", "a/b", "a/b/", "a/b/c", "b/c/", "none", "z"} {
		want := slices.DeleteFunc(slices.Clone(all), func(key string) bool { return !strings.HasPrefix(key, prefix) })
		if got := keys(list(t, b, prefix)); !slices.Equal(got, want) {
			t.Errorf("prefix %q: %q, want %q", prefix, got, want)
		}
	}
	for _, o := range list(t, b, "a") {
		if got := content(t, b, o); got != o.Key || o.Size != int64(len(got)) || o.Written.IsZero() {
			t.Errorf("%+v holds %q", o, got)
		}
	}
}

func TestFolderEndsWithTheErrorOfFn(t *testing.T) {
	root := t.TempDir()
	put(t, root, "a", "a")
	put(t, root, "b", "b")
	b, _ := open(t, root, Default())
	stop, calls := errors.New("stop"), 0
	if err := b.List(t.Context(), "", func(Object) error { calls++; return stop }); !errors.Is(err, stop) || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.List(ended, "", func(Object) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("listing when it is over: %v", err)
	}
}

func TestFolderOpensWhatWasListed(t *testing.T) {
	for name, change := range map[string]struct {
		do   func(path string) error
		want error
	}{
		"another size": {func(path string) error { return os.WriteFile(path, []byte("longer"), 0o600) }, ErrChanged},
		"another time": {func(path string) error { return os.Chtimes(path, time.Time{}, time.Unix(1, 0)) }, ErrChanged},
		"deleted":      {os.Remove, ErrMissing},
		"now a folder": {func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o755)) }, ErrChanged},
	} {
		root := t.TempDir()
		put(t, root, "day/file", "text")
		b, _ := open(t, root, Default())
		o := list(t, b, "")[0]
		if err := change.do(filepath.Join(root, "day", "file")); err != nil {
			t.Fatal(err)
		}
		_, err := b.Open(t.Context(), o)
		if !errors.Is(err, change.want) || !strings.Contains(err.Error(), "day/file") {
			t.Errorf("%s: %v, want %v", name, err, change.want)
		}
	}
}

func TestFolderSeesAChangeWhileItReads(t *testing.T) {
	root := t.TempDir()
	put(t, root, "file", "text")
	b, _ := open(t, root, Default())
	r, err := b.Open(t.Context(), list(t, b, "")[0])
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	put(t, root, "file", "another text")
	if err := Read(r, "file", Format{}, func(Record) error { return nil }); !errors.Is(err, ErrChanged) {
		t.Errorf("read a file that changed: %v", err)
	}
}

func TestFolderReadsNothingOutside(t *testing.T) {
	root := t.TempDir()
	put(t, root, "secret", "s")
	put(t, root, "archive/a", "a")
	b, _ := open(t, filepath.Join(root, "archive"), Default())
	if _, err := b.Open(t.Context(), Object{Key: "../secret"}); err == nil || !strings.Contains(err.Error(), "../secret") {
		t.Errorf("opened a file outside: %v", err)
	}
}

func TestLocations(t *testing.T) {
	root := t.TempDir()
	put(t, root, "sub folder/a", "a")
	t.Chdir(root)
	for _, location := range []string{"sub folder", "./sub folder", root + "/sub folder", "file://" + root + "/sub%20folder"} {
		b, prefix := open(t, location, Default())
		if want := "file://" + root + "/sub%20folder"; b.String() != want || prefix != "" {
			t.Errorf("%s is %s, %q; want %s", location, b, prefix, want)
		}
		if got := keys(list(t, b, "")); !slices.Equal(got, []string{"a"}) {
			t.Errorf("%s has %q", location, got)
		}
	}
	for location, want := range map[string]string{
		"": "empty", "none": "does not exist", "gs://bucket": "neither s3 nor file", "s3:///x": "no bucket",
		"file://host/x": "three slashes", "sub folder/a": "is a file",
	} {
		_, _, err := OpenBucket(t.Context(), location, Default())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", location, err, want)
		}
	}
}
