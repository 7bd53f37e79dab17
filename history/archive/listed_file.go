package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// listedFile is a file that is read as it was listed.
type listedFile struct {
	ctx    context.Context
	file   *os.File
	listed Object
}

// Read reads on, and at the end looks whether all of it was of one version.
func (f *listedFile) Read(p []byte) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := f.file.Read(p)
	if errors.Is(err, io.EOF) {
		if changed := f.Unchanged(); changed != nil {
			return n, changed
		}
	}
	return n, err
}

// ReadAt reads at any place, as Parquet does. It does not look whether the file
// has changed.
func (f *listedFile) ReadAt(p []byte, offset int64) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	return f.file.ReadAt(p, offset)
}

// Size returns the file's size as it was listed, for ReadAt.
func (f *listedFile) Size() int64 { return f.listed.Size }

// Close closes the file.
func (f *listedFile) Close() error { return f.file.Close() }

// Unchanged returns an error that wraps ErrChanged if the file is not the one
// that was listed any more.
func (f *listedFile) Unchanged() error {
	info, err := f.file.Stat()
	if err != nil {
		return fmt.Errorf("looking at %s: %w", f.listed.Key, folderError(err))
	}
	if !info.Mode().IsRegular() || versionOf(info) != f.listed.Version {
		return fmt.Errorf("reading %s: %w", f.listed.Key, ErrChanged)
	}
	return nil
}
