// Package files keeps the files of a work directory: in a folder, or below a
// prefix of a bucket of S3. A file is known by its name, with / between its
// parts.
//
// It promises that a file is there whole or not at all, whenever its writer is
// killed; that a file that is open is read as it was when it was opened, or
// not at all; and that memory does not grow with a file, of which any part may
// be read.
//
// The trap: a bucket has no locks, and nothing in it tells when a file was last
// used. So whoever needs one process at a time, or cleans, needs a Folder.
package files

import (
	"errors"
	"io"
)

// File is an open file.
type File interface {
	io.ReaderAt
	io.Closer
	// Size is its length, in bytes.
	Size() int64
}

// Info is a file as it was listed.
type Info struct {
	Name string
	Size int64
}

// Mode says what becomes of a file that is there under the same name.
type Mode bool

// The modes.
const (
	// Replace puts the new one in its place.
	Replace Mode = false
	// Once leaves the one that is there, where that can be: a file whose name
	// tells what it was made of is as good as another of its name.
	Once Mode = true
)

// ErrRemoved says that a file that was open is no longer there, or is another
// one.
var ErrRemoved = errors.New("it was removed or replaced while it was used; start again, and it will be made anew. " +
	"Look whether a lifecycle rule of the bucket removes files so soon")

// ErrLocation says that a text is no location of a bucket.
var ErrLocation = errors.New("the location is wrong")

// ErrBucket says that something needs a folder.
var ErrBucket = errors.New("a bucket has no locks")

// All reads a whole file.
func All(f File) ([]byte, error) { return io.ReadAll(io.NewSectionReader(f, 0, f.Size())) }
