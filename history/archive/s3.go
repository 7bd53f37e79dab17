package archive

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// s3Bucket is a Bucket of S3, or of a server that speaks its protocol.
//
// A request that fails by a broken connection, a time-out, a status of 500,
// 502, 503, 504 or 429, or a demand to slow down is sent again, Config.Attempts
// times in all, after pauses of full jitter. Every other answer is believed at
// once: permissions, a missing bucket and a changed object don't heal.
type s3Bucket struct {
	*Server
	name string
}

func openS3(ctx context.Context, name string, c Config) (*s3Bucket, error) {
	server, err := Connect(ctx, c)
	return &s3Bucket{server, name}, err
}

// explain says what an error about the bucket means.
func (b *s3Bucket) explain(err error, action, key string) error {
	return b.Explain(err, b.name, action, key)
}

// String returns the bucket as s3://bucket.
func (b *s3Bucket) String() string { return schemeS3 + b.name }

// Open asks for the object on condition that it is the one that was listed. A
// connection that breaks while it is read is taken up again where it broke.
func (b *s3Bucket) Open(ctx context.Context, o Object) (io.ReadCloser, error) {
	body, err := b.get(ctx, o, 0)
	if err != nil {
		return nil, err
	}
	return &s3Reader{ctx: ctx, bucket: b, object: o, body: body}, nil
}

// get returns an object's bytes from a place on.
func (b *s3Bucket) get(ctx context.Context, o Object, from int64) (io.ReadCloser, error) {
	etag := etagOf(o)
	in := &s3.GetObjectInput{Bucket: &b.name, Key: &o.Key, IfMatch: &etag}
	if from > 0 {
		in.Range = aws.String(fmt.Sprintf("bytes=%d-", from))
	}
	out, err := b.Client.GetObject(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("reading %s of %s: %w", o.Key, b, b.explain(err, "s3:GetObject", o.Key))
	}
	// Some servers pass over the condition, or over the range.
	whole := from == 0 || aws.ToString(out.ContentRange) == fmt.Sprintf("bytes %d-%d/%d", from, o.Size-1, o.Size)
	sized := out.ContentLength == nil || *out.ContentLength == o.Size-from
	if aws.ToString(out.ETag) != etag || !sized || !whole {
		_ = out.Body.Close() // it was only read
		return nil, fmt.Errorf("reading %s of %s: %w", o.Key, b, ErrChanged)
	}
	return out.Body, nil
}

// versionOfS3 returns what Object.Version is for an object of S3. The etag is
// opaque, and quoted.
func versionOfS3(etag string, size int64) string { return fmt.Sprintf("%s/%d", etag, size) }

// etagOf returns the etag of a version.
func etagOf(o Object) string { return strings.TrimSuffix(o.Version, fmt.Sprintf("/%d", o.Size)) }
