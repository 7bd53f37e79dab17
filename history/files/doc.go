// Package files keeps the files of a work directory: in a folder, or below a
// prefix of a bucket of S3. A file is known by its name, with / between its
// parts.
//
// It promises that a file is there whole or not at all, whenever its writer is
// killed; that a file that is open is read as it was when it was opened, or
// not at all; and that memory does not grow with a file, of which any part may
// be read.
//
// A lock keeps other processes out. That of a folder is the kernel's, and ends with
// its process. A bucket has none of its own, so a lock there is an object that its
// holder writes anew every few seconds, each time on condition that nobody else has
// written it meanwhile. When it was last written is told by the server's own clock,
// so clocks of machines do not matter. The lock of a process that was killed is free
// when it was not written for half a minute, and on the same machine, where the kernel
// says that the process has ended, after some seconds.
//
// The trap: a process that can't reach its bucket for a while loses its locks there.
// Whoever has one must stop when Lost says so.
package files

import (
	"errors"
	"io"
	"time"
)

// File is an open file.
type File interface {
	io.ReaderAt
	io.Closer
	// Size is its length, in bytes.
	Size() int64
	// Modified is when it was written or, in a folder, last used: by the clock of
	// the server in a bucket.
	Modified() time.Time
}

// Info is a file as it was listed.
type Info struct {
	Name     string
	Size     int64
	Modified time.Time // see File
}

// Lock keeps others out until it is closed.
type Lock interface {
	// Lost is closed when others may have the lock, although it was not given up.
	Lost() <-chan struct{}
	io.Closer
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

// ErrLost says that a lock was lost.
var ErrLost = errors.New("the bucket of the work directory could not be reached for too long, so another process may have " +
	"taken over; start again, and it goes on where it was")

// All reads a whole file.
func All(f File) ([]byte, error) { return io.ReadAll(io.NewSectionReader(f, 0, f.Size())) }
