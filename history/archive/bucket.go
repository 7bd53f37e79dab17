package archive

import (
	"context"
	"errors"
	"io"
	"time"
)

// Object is one object of an archive, as it was listed.
type Object struct {
	// Key is the path below the bucket's root, with "/" between its parts.
	Key string
	// Size is the number of bytes as they are stored.
	Size int64
	// Version is another one when the content is: of S3 etag and size, of a
	// folder size and time of modification. It is opaque, and it means
	// nothing beside another key.
	Version string
	// Written is when the object was last modified.
	Written time.Time
}

// Bucket is where objects are. It is safe for concurrent use.
type Bucket interface {
	// List calls fn with every object whose key begins with prefix, in order
	// of the keys' bytes, and ends with the first error of fn. Calls of fn do
	// not overlap.
	List(ctx context.Context, prefix string, fn func(Object) error) error
	// Open reads an object as it was listed: an error wraps ErrChanged,
	// ErrMissing or ErrDenied where it is one of them, and names the key. The
	// error of a Read of what it returns may also be one of them. What it
	// returns reads only as long as ctx is not done.
	Open(ctx context.Context, o Object) (io.ReadCloser, error)
	// String names the bucket for errors and for the keys of what is kept of
	// its objects: "s3://bucket", or "file:///path".
	String() string
}

// What is wrong with an object that was listed, or with a bucket. Errors wrap
// them; none of them is worth another attempt.
var (
	// ErrChanged says that an object is not the one that was listed.
	ErrChanged = errors.New("it has changed since it was listed; list the archive anew")
	// ErrMissing says that an object is gone, or that a bucket or folder is
	// not there.
	ErrMissing = errors.New("it does not exist")
	// ErrDenied says that the credentials don't permit it.
	ErrDenied = errors.New("permission denied")
)
