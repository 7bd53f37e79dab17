package files

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// blockBytes is what is asked for of a file at a time. Whoever reads runs goes
// through several columns at once, so blocks are kept until the file is closed.
const blockBytes = 256 << 10

// scratchBytes bounds the blocks of all files of a Bucket that lie on this
// machine, in bytes, but for one of each open file.
const scratchBytes = 4 << 30

// scratch counts what lies on this machine.
type scratch struct {
	held atomic.Int64
	most int64
}

// object is a File of a Bucket, as it was when it was opened. What was read of
// it lies in a file of this machine, at its place, which has holes elsewhere.
type object struct {
	bucket *Bucket
	key    string
	etag   string
	size   int64
	// modified is when it was written, and asked when that was told, both by the
	// clock of the server.
	modified, asked time.Time

	mu   sync.Mutex
	file *os.File // nil before the first read
	have map[int64]bool
	held int64
}

// Size implements File.
func (o *object) Size() int64 { return o.size }

// Modified implements File.
func (o *object) Modified() time.Time { return o.modified }

// ReadAt implements File.
func (o *object) ReadAt(p []byte, at int64) (n int, err error) {
	if at < 0 {
		return 0, fmt.Errorf("reading %s: before its beginning", o)
	}
	short := at+int64(len(p)) > o.size
	if short {
		p = p[:max(0, o.size-at)]
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for n < len(p) {
		block := (at + int64(n)) / blockBytes
		if err := o.fetch(block); err != nil {
			return n, err
		}
		end := min(len(p), int((block+1)*blockBytes-at))
		m, err := o.file.ReadAt(p[n:end], at+int64(n))
		if n += m; err != nil {
			return n, fmt.Errorf("reading what was kept of %s: %w", o, err)
		}
	}
	if short {
		return n, io.EOF
	}
	return n, nil
}

// String names the file.
func (o *object) String() string { return "s3://" + o.bucket.name + "/" + o.key }

// fetch makes sure that a block lies on this machine.
func (o *object) fetch(block int64) (err error) {
	if o.have[block] {
		return nil
	}
	if o.file == nil {
		if o.file, err = unnamed(); err != nil {
			return err
		}
		o.have = map[int64]bool{}
	}
	from := block * blockBytes
	length := min(blockBytes, o.size-from)
	if o.bucket.scratch.held.Load()+length > o.bucket.scratch.most {
		if err := o.forget(); err != nil {
			return err
		}
	}
	content := make([]byte, length)
	for failed := 1; ; failed++ {
		broke, err := o.get(content, from)
		if err == nil {
			break
		}
		if !broke || !o.bucket.server.Patience(o.bucket.ctx, failed) {
			return fmt.Errorf("reading %s, bytes %d to %d: %w", o, from, from+length-1, err)
		}
	}
	if _, err := o.file.WriteAt(content, from); err != nil {
		return fmt.Errorf("keeping a part of %s in a temporary file, see TMPDIR: %w", o, err)
	}
	o.have[block] = true
	o.held += length
	o.bucket.scratch.held.Add(length)
	return nil
}

// get reads a part of the object, and reports whether an error is a connection
// that broke.
func (o *object) get(content []byte, from int64) (broke bool, err error) {
	last := from + int64(len(content)) - 1
	out, err := o.bucket.server.Client.GetObject(o.bucket.ctx, &s3.GetObjectInput{
		Bucket: &o.bucket.name, Key: &o.key, IfMatch: &o.etag, Range: aws.String(fmt.Sprintf("bytes=%d-%d", from, last)),
	})
	if err != nil {
		if code := status(err); code == http.StatusNotFound || code == http.StatusPreconditionFailed {
			return false, ErrRemoved
		}
		return false, o.bucket.server.Explain(err, o.bucket.name, "s3:GetObject", o.key)
	}
	_, err = io.ReadFull(out.Body, content)
	err = errors.Join(err, out.Body.Close())
	// Some servers pass over the condition, or over the range.
	if aws.ToString(out.ETag) != o.etag {
		return false, ErrRemoved
	}
	if want := fmt.Sprintf("bytes %d-%d/%d", from, last, o.size); int64(len(content)) < o.size && aws.ToString(out.ContentRange) != want {
		return false, fmt.Errorf("the server has sent %q where %q was asked for: it must answer ranges", aws.ToString(out.ContentRange), want)
	}
	return true, err
}

// forget gives back what lies on this machine.
func (o *object) forget() error {
	o.bucket.scratch.held.Add(-o.held)
	o.held = 0
	clear(o.have)
	return o.file.Truncate(0)
}

// Close implements File.
func (o *object) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.file == nil {
		return nil
	}
	file := o.file
	err := o.forget()
	o.file = nil
	return errors.Join(err, file.Close())
}
