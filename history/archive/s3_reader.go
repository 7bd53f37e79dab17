package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// s3Reader reads an object through connections that break.
type s3Reader struct {
	ctx    context.Context
	bucket *s3Bucket
	object Object
	body   io.ReadCloser // nil after a connection broke
	at     int64         // bytes read
	failed int           // attempts in a row that gave nothing
}

// Read reads on. Its errors name the object.
func (r *s3Reader) Read(p []byte) (int, error) {
	for len(p) > 0 {
		if r.body == nil {
			r.bucket.retries.Add(1)
			body, err := r.bucket.get(r.ctx, r.object, r.at)
			if err != nil {
				return 0, err
			}
			r.body = body
		}
		n, err := r.body.Read(p)
		r.at += int64(n)
		if n > 0 {
			r.failed = 0
		}
		switch whole := r.at == r.object.Size; {
		case r.at > r.object.Size:
			return 0, fmt.Errorf("reading %s of %s: it has more than %d bytes: %w", r.object.Key, r.bucket, r.object.Size, ErrChanged)
		case err == nil || whole && errors.Is(err, io.EOF):
			return n, err
		case n > 0 && !whole:
			r.drop()
			return n, nil // what is wrong shows the next time
		}
		if err := r.patience(err); err != nil {
			return n, err
		}
	}
	return 0, nil
}

// patience waits before another attempt, or returns the error when there were
// enough.
func (r *s3Reader) patience(err error) error {
	r.drop()
	r.failed++
	if r.failed < r.bucket.c.Attempts && r.ctx.Err() == nil && r.at < r.object.Size {
		select {
		case <-time.After(pause(r.failed)):
			return nil
		case <-r.ctx.Done():
		}
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("reading %s of %s, behind %d of %d bytes: %w", r.object.Key, r.bucket, r.at, r.object.Size, err)
}

func (r *s3Reader) drop() {
	if r.body != nil {
		_ = r.body.Close() // it was only read
		r.body = nil
	}
}

// Close closes the connection, or gives it back when everything was read.
func (r *s3Reader) Close() error {
	r.drop()
	return nil
}
