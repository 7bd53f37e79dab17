package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// folder is a Bucket of the files below a folder. Links to files are followed,
// links to folders are not; what is neither file nor folder is no object.
type folder struct {
	root string // absolute
}

func openFolder(path string) (*folder, error) {
	root, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("finding folder %s: %w", path, err)
	}
	info, err := os.Stat(root)
	if err != nil {
		return nil, folderError(err)
	}
	if !info.IsDir() {
		return nil, errors.New("it is a file; name the folder that it is in")
	}
	return &folder{root}, nil
}

// String returns the folder as file:///path.
func (f *folder) String() string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(f.root)}).String()
}

// List reads one folder at a time, whole: memory is bounded by the largest.
func (f *folder) List(ctx context.Context, prefix string, fn func(Object) error) error {
	return f.walk(ctx, "", prefix, fn)
}

// walk lists the folder at a path that is "" or ends with a /.
func (f *folder) walk(ctx context.Context, at, prefix string, fn func(Object) error) error {
	entries, err := os.ReadDir(f.path(at))
	if err != nil {
		return fmt.Errorf("listing %s: %w", f.path(at), folderError(err))
	}
	for _, key := range keysOf(entries, at) {
		if err := ctx.Err(); err != nil {
			return err
		}
		inside := strings.HasPrefix(key, prefix)
		switch {
		case strings.HasSuffix(key, "/") && (inside || strings.HasPrefix(prefix, key)):
			err = f.walk(ctx, key, prefix, fn)
		case !strings.HasSuffix(key, "/") && inside:
			err = f.visit(key, fn)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// keysOf returns the keys of a folder's entries in order. That of a folder ends
// with a /, so "a-b" comes before what is in "a".
func keysOf(entries []fs.DirEntry, at string) []string {
	keys := make([]string, len(entries))
	for i, e := range entries {
		keys[i] = at + e.Name()
		if e.IsDir() {
			keys[i] += "/"
		}
	}
	slices.Sort(keys)
	return keys
}

func (f *folder) visit(key string, fn func(Object) error) error {
	info, err := os.Stat(f.path(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // deleted since its folder was read
	}
	if err != nil {
		return fmt.Errorf("listing %s: %w", key, folderError(err))
	}
	if !info.Mode().IsRegular() {
		return nil
	}
	return fn(Object{Key: key, Size: info.Size(), Version: versionOf(info), Written: info.ModTime()})
}

// Open opens a file if it is the one that was listed. What it returns also
// says so at its end, when the file was changed meanwhile.
func (f *folder) Open(ctx context.Context, o Object) (io.ReadCloser, error) {
	if !filepath.IsLocal(filepath.FromSlash(o.Key)) {
		return nil, fmt.Errorf("opening %q: it is not below %s", o.Key, f.root)
	}
	file, err := os.Open(f.path(o.Key))
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", o.Key, folderError(err))
	}
	opened := &listedFile{ctx: ctx, file: file, listed: o}
	if err := opened.Unchanged(); err != nil {
		_ = file.Close() // it was only read
		return nil, err
	}
	return opened, nil
}

func (f *folder) path(key string) string { return filepath.Join(f.root, filepath.FromSlash(key)) }

// versionOf returns what Object.Version is for a file.
func versionOf(info fs.FileInfo) string {
	return strconv.FormatInt(info.Size(), 10) + "-" + strconv.FormatInt(info.ModTime().UnixNano(), 10)
}

// folderError adds what the package's own errors say.
func folderError(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %w", ErrMissing, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: let this user read it: %w", ErrDenied, err)
	}
	return err
}
