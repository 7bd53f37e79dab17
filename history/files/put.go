package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Bounds of what is sent: a file that is larger than a part goes out in several,
// of which a bucket takes 10,000.
const (
	partBytes = 64 << 20
	mostParts = 10_000
)

// put sends a file to a bucket, and reports whether it has left one that is there.
// What is sent is read from the file each time, so that no attempt needs more memory.
func (b *Bucket) put(key string, file *os.File, mode Mode) (there bool, err error) {
	info, err := file.Stat()
	if err != nil {
		return false, err
	}
	var none *string // with what there may be under the key
	if mode == Once {
		none = aws.String("*")
	}
	for failed := 1; ; failed++ {
		if info.Size() <= b.parts {
			err = b.putWhole(key, file, info.Size(), none)
		} else {
			err = b.putParts(key, file, info.Size(), none)
		}
		switch {
		case err == nil:
			return false, nil
		case mode == Once && status(err) == http.StatusPreconditionFailed:
			return true, nil
		case status(err) == http.StatusConflict && b.server.Patience(b.ctx, failed):
			continue // somebody else is writing it
		}
		return false, b.server.Explain(err, b.name, "s3:PutObject", key)
	}
}

func (b *Bucket) putWhole(key string, file *os.File, size int64, none *string) error {
	_, err := b.server.Client.PutObject(b.ctx, &s3.PutObjectInput{
		Bucket: &b.name, Key: &key, Body: io.NewSectionReader(file, 0, size), ContentLength: &size, IfNoneMatch: none,
	})
	return err
}

// signedOnly leaves checksums of parts out: the signature has one of each request,
// and servers differ in what they make of both.
func signedOnly(o *s3.Options) {
	o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
}

// abandonPatience is how long it is tried to take back parts.
const abandonPatience = 30 * time.Second

// putParts sends a large file part by part. Until the last step nothing is
// there.
func (b *Bucket) putParts(key string, file *os.File, size int64, none *string) (err error) {
	client := b.server.Client
	begun, err := client.CreateMultipartUpload(b.ctx, &s3.CreateMultipartUploadInput{Bucket: &b.name, Key: &key}, signedOnly)
	if err != nil {
		return err
	}
	defer func() {
		if err == nil {
			return
		}
		ctx, enough := context.WithTimeout(context.WithoutCancel(b.ctx), abandonPatience)
		defer enough()
		_, left := client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &b.name, Key: &key, UploadId: begun.UploadId})
		if left != nil {
			err = errors.Join(err, fmt.Errorf("taking back the parts that were sent: %w", left))
		}
	}()
	part := max(b.parts, (size+mostParts-1)/mostParts)
	var sent []types.CompletedPart
	for at := int64(0); at < size; at += part {
		number, length := aws.Int32(int32(len(sent)+1)), min(part, size-at)
		done, err := client.UploadPart(b.ctx, &s3.UploadPartInput{
			Bucket: &b.name, Key: &key, UploadId: begun.UploadId, PartNumber: number,
			Body: io.NewSectionReader(file, at, length), ContentLength: &length,
		}, signedOnly)
		if err != nil {
			return err
		}
		sent = append(sent, types.CompletedPart{PartNumber: number, ETag: done.ETag})
	}
	_, err = client.CompleteMultipartUpload(b.ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &b.name, Key: &key, UploadId: begun.UploadId, IfNoneMatch: none,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: sent},
	}, signedOnly)
	return err
}
