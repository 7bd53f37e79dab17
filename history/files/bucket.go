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
	"strings"

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
	b := &Bucket{ctx: ctx, server: server, name: name, prefix: prefix, parts: partBytes, scratch: &scratch{most: scratchBytes}}
	for _, set := range options {
		set(b)
	}
	in := &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &b.prefix, MaxKeys: aws.Int32(1)}
	if _, err := server.Client.ListObjectsV2(ctx, in); err != nil {
		return nil, fmt.Errorf("opening the work directory %s: %w", location, server.Explain(err, name, "s3:ListBucket", ""))
	}
	return b, nil
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
	return &object{bucket: b, key: key, etag: aws.ToString(head.ETag), size: aws.ToInt64(head.ContentLength)}, nil
}

// Write makes a file of what write writes, which is gathered on this machine
// first. With Once a file that is there stays, as the readers of a file need
// the very one that they opened.
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
	return b.put(b.key(name), file, mode)
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
			if err := visit(Info{name, aws.ToInt64(one.Size)}); err != nil {
				return err
			}
		}
	}
	return nil
}
