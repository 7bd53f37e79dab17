package main

import (
	"context"

	"muster/history"
	"muster/history/archive"
	"muster/history/files"
	"muster/history/queue"
)

// backfillWork are the flags of commands that look after a work directory.
type backfillWork struct {
	Config string `short:"c" placeholder:"FILE" help:"Configuration whose section archive says how to reach a work directory in S3: endpoint, region and path_style. Default: AWS."`
	Work   string `required:"" placeholder:"LOCATION" help:"Work directory: a folder, or s3://bucket/prefix."`
}

// place returns where the work directory is.
func (w *backfillWork) place(ctx context.Context) (history.Files, error) {
	reach, err := w.reach()
	if err != nil {
		return nil, err
	}
	return openWork(ctx, w.Work, reach)
}

// reach is how a work directory in S3 is reached.
func (w *backfillWork) reach() (archive.Config, error) {
	if !files.IsBucket(w.Work) || w.Config == "" {
		return archive.Default(), nil
	}
	cfg, err := readConfig(w.Config)
	return cfg.Archive, err
}

// openWork returns where a work directory is, a bucket being reached as the archive's
// settings say.
func openWork(ctx context.Context, work string, reach archive.Config) (history.Files, error) {
	if !files.IsBucket(work) {
		return history.LocalFiles(work), nil
	}
	bucket, err := files.OpenBucket(ctx, work, reach)
	if err != nil {
		return nil, bucketError(err)
	}
	return bucket, nil
}

// requestsOf returns the requests of a work directory. What is noted of them is
// written also when ctx is done.
func requestsOf(work string, place history.Files) *queue.Queue {
	if bucket, ok := place.(*files.Bucket); ok {
		return queue.In(work, bucket.Lasting())
	}
	return queue.New(work)
}
