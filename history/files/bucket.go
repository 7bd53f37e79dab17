package files

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"muster/history/archive"
)

// Bucket keeps files below a prefix of a bucket of S3. It is safe for
// concurrent use, as long as the context that it was opened with is not done.
//
// Files that are written, and what is read of others, lie on this machine
// meanwhile, as files in the folder of temporary ones that have no name, so that
// nothing stays of them when the process ends, however it does.
type Bucket struct {
	ctx     context.Context
	server  *archive.Server
	name    string
	parts   int64
	prefix  string // of keys, "" or with a / at its end
	scratch *scratch
	life    time.Duration // of a lock that is not written anew
	stamp   time.Duration // how often it is noted that a file is used
}

// Option is a setting of a Bucket.
type Option func(*Bucket)

// Scratch bounds what was read of all open files and lies on this machine, in
// bytes, but for 256 KB of each. Default: 4 GB. What is beyond it is asked for
// again.
func Scratch(bytes int64) Option { return func(b *Bucket) { b.scratch.most = bytes } }

// Parts is the size of the parts in which a larger file is sent, in bytes: at
// least 5 MB, as S3 has it. Default: 64 MB.
func Parts(bytes int64) Option { return func(b *Bucket) { b.parts = bytes } }

// Life is how long after its holder last wrote it a lock is taken for one whose
// process is gone: at least 2 s, as servers tell the time in seconds. Default: 30 s.
func Life(d time.Duration) Option { return func(b *Bucket) { b.life = d } }

// Stamp is how often it is noted that a file is used. Default: once a day.
func Stamp(d time.Duration) Option { return func(b *Bucket) { b.stamp = d } }

// IsBucket reports whether a location is one of S3.
func IsBucket(location string) bool { return strings.HasPrefix(location, "s3://") }

// OpenBucket opens the bucket of s3://bucket/prefix, after making sure that it
// is there. Of c it takes how to get there: it must be valid. Files that are
// written need credentials, so that c.Anonymous counts for nothing.
func OpenBucket(ctx context.Context, location string, c archive.Config, options ...Option) (*Bucket, error) {
	c.Anonymous = false
	name, prefix, ok, err := archive.SplitS3(location)
	if err == nil && !ok {
		err = fmt.Errorf("%q is not s3://bucket/prefix", location)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the work directory: %w: %w", ErrLocation, err)
	}
	server, err := archive.Connect(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("opening the work directory %s: %w", location, err)
	}
	b := &Bucket{ctx: ctx, server: server, name: name, prefix: prefix, parts: partBytes, scratch: &scratch{most: scratchBytes}, life: lockLife, stamp: stampEvery}
	for _, set := range options {
		set(b)
	}
	in := &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &b.prefix, MaxKeys: aws.Int32(1)}
	if _, err := server.Client.ListObjectsV2(ctx, in); err != nil {
		return nil, fmt.Errorf("opening the work directory %s: %w", location, server.Explain(err, name, "s3:ListBucket", ""))
	}
	return b, nil
}

// With returns the same bucket for another context.
func (b *Bucket) With(ctx context.Context) *Bucket {
	other := *b
	other.ctx = ctx
	return &other
}

// Lasting returns the same bucket for what must be written when the work is
// stopped: it goes on when the context is done that this one was opened with.
func (b *Bucket) Lasting() *Bucket { return b.With(context.WithoutCancel(b.ctx)) }

// Until returns the same bucket for what is of no use once done is closed.
func (b *Bucket) Until(done <-chan struct{}) *Bucket {
	return b.With(until{context.WithoutCancel(b.ctx), done})
}

// until is a context that ends with a channel.
type until struct {
	context.Context
	done <-chan struct{}
}

// Done implements context.Context.
func (u until) Done() <-chan struct{} { return u.done }

// Err implements context.Context.
func (u until) Err() error {
	select {
	case <-u.done:
		return ErrLost
	default:
		return nil
	}
}

// String returns the bucket as s3://bucket/prefix.
func (b *Bucket) String() string { return "s3://" + b.name + "/" + b.prefix }

func (b *Bucket) key(name string) string { return b.prefix + name }

// missing reports whether an answer says that an object is not there.
func missing(err error) bool { return status(err) == http.StatusNotFound }

func status(err error) int {
	var response *awshttp.ResponseError
	if errors.As(err, &response) && response.Response != nil {
		return response.Response.StatusCode
	}
	return 0
}

// Open opens a file. The error is fs.ErrNotExist where there is none.
func (b *Bucket) Open(name string) (File, error) {
	key := b.key(name)
	head, err := b.server.Client.HeadObject(b.ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: &key})
	if missing(err) {
		return nil, fmt.Errorf("opening %s%s: %w", b, name, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("opening %s%s: %w", b, name, b.server.Explain(err, b.name, "s3:GetObject", key))
	}
	return &object{
		bucket: b, key: key, etag: aws.ToString(head.ETag), size: aws.ToInt64(head.ContentLength),
		modified: aws.ToTime(head.LastModified), asked: told(head.ResultMetadata),
	}, nil
}

// Read reads a whole file that is small, as it was at one moment, although it is
// replaced meanwhile. The error is fs.ErrNotExist where there is none.
func (b *Bucket) Read(name string) ([]byte, error) {
	for failed := 1; ; failed++ {
		text, _, err := b.get(b.ctx, b.key(name))
		switch {
		case missing(err):
			return nil, fmt.Errorf("reading %s%s: %w", b, name, fs.ErrNotExist)
		case err == nil || !errors.Is(err, errBroke) || !b.server.Patience(b.ctx, failed):
			return text, wrapped("reading "+b.String()+name, err)
		}
	}
}

// errBroke says that a connection broke while an answer was read.
var errBroke = errors.New("the connection broke")

// get reads a small object, and tells what it is.
func (b *Bucket) get(ctx context.Context, key string, options ...func(*s3.Options)) ([]byte, *s3.GetObjectOutput, error) {
	out, err := b.server.Client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key}, options...)
	if missing(err) {
		return nil, nil, err
	}
	if err != nil {
		return nil, nil, b.server.Explain(err, b.name, "s3:GetObject", key)
	}
	text, err := io.ReadAll(out.Body)
	_ = out.Body.Close() // it was only read
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errBroke, err)
	}
	return text, out, nil
}

func wrapped(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// Write makes a file of what write writes, which is gathered on this machine
// first. With Once a file that is there stays, as the readers of a file need
// the very one that they opened, and is noted as used.
func (b *Bucket) Write(name string, mode Mode, write func(io.Writer) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing %s%s: %w", b, name, err)
		}
	}()
	file, err := unnamed()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	buffer := bufio.NewWriterSize(file, writeBuffer)
	if err := write(buffer); err != nil {
		return err
	}
	if err := buffer.Flush(); err != nil {
		return err
	}
	for {
		there, err := b.put(b.key(name), file, mode)
		if err != nil || !there {
			return err
		}
		if there, err = b.Use(name); err != nil || there {
			return err // else it was cleaned away
		}
	}
}

// unnamed returns a file in the folder of temporary files that is gone when it
// is closed.
func unnamed() (*os.File, error) {
	file, err := os.CreateTemp("", "muster-backfill-*.part")
	if err != nil {
		return nil, fmt.Errorf("making a temporary file, see TMPDIR: %w", err)
	}
	return file, os.Remove(file.Name())
}

// Remove removes a file, if it is there.
func (b *Bucket) Remove(name string) error {
	key := b.key(name)
	_, err := b.server.Client.DeleteObject(b.ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: &key})
	if err != nil && !missing(err) {
		return fmt.Errorf("removing %s%s: %w", b, name, b.server.Explain(err, b.name, "s3:DeleteObject", key))
	}
	return nil
}

// List visits the files below a folder, in the order of their names.
func (b *Bucket) List(folder string, visit func(Info) error) error {
	prefix := b.prefix
	if folder != "" {
		prefix = b.key(strings.TrimSuffix(folder, "/") + "/")
	}
	in := &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &prefix}
	for pages := s3.NewListObjectsV2Paginator(b.server.Client, in); pages.HasMorePages(); {
		page, err := pages.NextPage(b.ctx)
		if err != nil {
			return fmt.Errorf("listing %s%s: %w", b, folder, b.server.Explain(err, b.name, "s3:ListBucket", ""))
		}
		for _, one := range page.Contents {
			name := strings.TrimPrefix(aws.ToString(one.Key), b.prefix)
			if err := visit(Info{name, aws.ToInt64(one.Size), aws.ToTime(one.LastModified)}); err != nil {
				return err
			}
		}
	}
	return nil
}

// Folders returns the names of the folders in a folder, in their order.
func (b *Bucket) Folders(folder string) ([]string, error) {
	prefix := b.key(strings.TrimSuffix(folder, "/") + "/")
	in := &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &prefix, Delimiter: aws.String("/")}
	var names []string
	for pages := s3.NewListObjectsV2Paginator(b.server.Client, in); pages.HasMorePages(); {
		page, err := pages.NextPage(b.ctx)
		if err != nil {
			return nil, fmt.Errorf("listing %s%s: %w", b, folder, b.server.Explain(err, b.name, "s3:ListBucket", ""))
		}
		for _, one := range page.CommonPrefixes {
			names = append(names, path.Base(aws.ToString(one.Prefix)))
		}
	}
	return names, nil
}

// RemoveAll removes a folder with all that is in it.
func (b *Bucket) RemoveAll(folder string) error {
	return b.List(folder, func(i Info) error { return b.Remove(i.Name) })
}
