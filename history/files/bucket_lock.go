package files

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	lockLife = 30 * time.Second
	// clockGrain is how coarsely servers tell the time.
	clockGrain = time.Second
	// landing is how long the lock of a process that is gone stays its own: what it
	// has sent before its end has arrived by then.
	landing = 2 * time.Second
)

// told returns the time that a server says it is, that of this machine where it
// says nothing.
func told(meta middleware.Metadata) time.Time {
	if response, ok := awsmiddleware.GetRawResponse(meta).(*smithyhttp.Response); ok && response != nil {
		if at, err := http.ParseTime(response.Header.Get("Date")); err == nil {
			return at
		}
	}
	return time.Now()
}

// holding is what the object of a lock says. It is never removed, as that could be
// somebody else's by then; who gives the lock up writes that it is free.
type holding struct {
	Owner string `json:"owner"` // random, of one taking
	Turn  int    `json:"turn"`  // of its writings, each of which is another object so
	Free  bool   `json:"free"`
	process
}

// bucketLock is a lock that its holder keeps by writing it.
type bucketLock struct {
	bucket *Bucket // goes on when the work is stopped
	key    string
	life   time.Duration
	lost   chan struct{}
	stop   func()

	own  holding
	etag string    // of what was written last
	sure time.Time // nobody else has it before its life behind this
}

// Lost implements Lock.
func (l *bucketLock) Lost() <-chan struct{} { return l.lost }

// TryLock takes the lock of a name, and returns nil where somebody has it. Of those
// that try at the same time one gets it.
func (b *Bucket) TryLock(name string) (Lock, error) {
	l := &bucketLock{bucket: b.Lasting(), key: b.key(name), life: b.life, lost: make(chan struct{})}
	l.own = holding{Owner: rand.Text(), process: self()}
	was, err := b.holding(b.ctx, l.key)
	if err != nil {
		return nil, fmt.Errorf("taking the lock %s%s: %w", b, name, err)
	}
	if was.held(b.life) {
		return nil, nil
	}
	l.etag = was.etag
	mine, err := l.write(b.ctx)
	if err != nil {
		return nil, fmt.Errorf("taking the lock %s%s: %w", b, name, err)
	}
	if !mine {
		return nil, nil
	}
	l.keep()
	return l, nil
}

// Locked reports whether somebody has the lock of a name.
func (b *Bucket) Locked(name string) (bool, error) {
	is, err := b.holding(b.ctx, b.key(name))
	if err != nil {
		return false, fmt.Errorf("looking at the lock %s%s: %w", b, name, err)
	}
	return is.held(b.life), nil
}

// Alive reports whether the lock of a name is had by a process that is there. Of one
// that was killed on another machine nobody knows before the life of its lock is
// over, so it waits for that, or until the process has written again.
func (b *Bucket) Alive(name string) (bool, error) {
	for first := (*seen)(nil); ; {
		is, err := b.holding(b.ctx, b.key(name))
		if err != nil {
			return false, fmt.Errorf("looking at the lock %s%s: %w", b, name, err)
		}
		if !is.held(b.life) || first != nil && first.etag != is.etag {
			return is.held(b.life), nil
		}
		first = is
		select {
		case <-b.ctx.Done():
			return false, b.ctx.Err()
		case <-time.After(min(b.life/24, time.Second)):
		}
	}
}

// seen is a lock as it was found.
type seen struct {
	holding
	etag string // "" of one that is not there
	age  time.Duration
}

// held reports whether somebody has a lock. A process that is gone from this machine
// has none, and that is known long before the life of its lock is over. Where that
// was wrong, as on two machines that are copies of one that ran, the other learns
// with its next writing that it has lost its lock.
func (s *seen) held(life time.Duration) bool {
	switch {
	case s.etag == "" || s.Free || s.age > life+clockGrain:
		return false
	case s.age > landing+clockGrain:
		return !s.gone()
	}
	return true
}

const (
	// lockReads is how often a lock is read that is written meanwhile. Some servers
	// then send the old text with the checksum of the new one.
	lockReads    = 20
	lockReadWait = 20 * time.Millisecond
)

// unchecked reads an object whatever checksum the server has of it. One that was
// killed while it wrote a lock can have the text of one writing and the checksum of
// another for good, and nobody could take that lock any more. Nobody is writing it
// by the time that it is read so, and it is written only where it is as it was read.
func unchecked(o *s3.Options) {
	o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
}

// holding reads a lock.
func (b *Bucket) holding(ctx context.Context, key string) (*seen, error) {
	text, out, err := b.get(ctx, key)
	for reads := 1; errors.Is(err, errBroke) && reads < lockReads; reads++ {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(lockReadWait):
		}
		text, out, err = b.get(ctx, key)
	}
	if errors.Is(err, errBroke) {
		text, out, err = b.get(ctx, key, unchecked)
	}
	if missing(err) {
		return &seen{}, nil
	}
	if err != nil {
		return nil, err
	}
	s := &seen{etag: aws.ToString(out.ETag), age: told(out.ResultMetadata).Sub(aws.ToTime(out.LastModified))}
	if err := json.Unmarshal(text, &s.holding); err != nil {
		return nil, fmt.Errorf("reading %s: %w; remove it, if no backfill runs", key, err)
	}
	return s, nil
}

// write writes the lock where it is as it was seen last, and reports whether it is
// this process's then.
func (l *bucketLock) write(ctx context.Context) (mine bool, err error) {
	l.own.Turn++
	text, err := json.Marshal(&l.own)
	if err != nil {
		return false, err
	}
	for {
		began := time.Now()
		etag, err := l.put(ctx, text)
		if err == nil {
			l.etag, l.sure = etag, began
			return true, nil
		}
		if code := status(err); code != http.StatusPreconditionFailed && code != http.StatusConflict {
			return false, l.bucket.server.Explain(err, l.bucket.name, "s3:PutObject", l.key)
		}
		// An attempt whose answer was lost may have got through, and this one was
		// refused for it.
		is, err := l.bucket.holding(ctx, l.key)
		if err != nil || is.Owner != l.own.Owner {
			return false, err
		}
		if l.etag = is.etag; is.Turn == l.own.Turn {
			l.sure = began
			return true, nil
		}
	}
}

// put writes the lock on condition that it is as it was seen last.
func (l *bucketLock) put(ctx context.Context, text []byte) (etag string, err error) {
	in := &s3.PutObjectInput{Bucket: &l.bucket.name, Key: &l.key, Body: bytes.NewReader(text), ContentLength: aws.Int64(int64(len(text)))}
	if in.IfMatch = &l.etag; l.etag == "" {
		in.IfMatch, in.IfNoneMatch = nil, aws.String("*")
	}
	out, err := l.bucket.server.Client.PutObject(ctx, in)
	if err != nil {
		return "", err
	}
	return aws.ToString(out.ETag), nil
}

// keep writes the lock anew six times in its life, until it is closed or lost. It
// counts as lost well before anybody else may take it.
func (l *bucketLock) keep() {
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(l.life / 6)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			ctx, enough := context.WithDeadline(l.bucket.ctx, l.sure.Add(l.life*2/3))
			mine, err := l.write(ctx)
			enough()
			if err == nil && !mine || missing(err) || time.Since(l.sure) >= l.life*2/3 {
				close(l.lost)
				return
			}
		}
	}()
	l.stop = sync.OnceFunc(func() {
		close(done)
		<-gone
	})
}

// Close gives the lock up. Where that fails, it is free when its life is over.
func (l *bucketLock) Close() error {
	l.stop()
	select {
	case <-l.lost:
		return nil
	default:
	}
	l.own.Free = true
	ctx, enough := context.WithTimeout(l.bucket.ctx, l.life)
	defer enough()
	if _, err := l.write(ctx); err != nil {
		return fmt.Errorf("giving up the lock s3://%s/%s: %w", l.bucket.name, l.key, err)
	}
	return nil
}
