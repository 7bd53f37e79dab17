package archive

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"
)

// A server lists the keys under one prefix one page after the other, so a
// listing is cut into parts, by the folders of the keys, that are listed side
// by side.
const (
	// partsEach is how many parts there are for each request that may be
	// under way, so that a large one does not leave the others idle.
	partsEach = 4
	// widest bounds the pages that are read to cut a part. One that has more
	// is listed as it is.
	widest = 10
	// deepest bounds the folders that are gone down to find enough parts.
	deepest = 8
	// ahead bounds the pages of a part that wait for the parts before it.
	ahead = 4
)

// part is a piece of a listing: the keys under a prefix, or a single object.
type part struct {
	key    string // of the object, or the prefix
	object *Object
	whole  bool // whether it can't be cut further
	pages  chan []Object
}

// List cuts the listing into parts, lists them side by side, and gives them in
// order.
func (b *s3Bucket) List(ctx context.Context, prefix string, fn func(Object) error) error {
	parts, err := b.cut(ctx, prefix)
	if err != nil {
		return err
	}
	work, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range b.c.Concurrency {
		work.Go(func() error {
			for i := int(next.Add(1)) - 1; i < len(parts); i = int(next.Add(1)) - 1 {
				if err := b.fill(ctx, parts[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	work.Go(func() error { return b.give(ctx, parts, fn) })
	return work.Wait()
}

// fill lists a part. Parts are begun in their order, so the one that is given
// next is always under way or done. A part that failed is never closed, so what
// comes behind it is not given.
func (b *s3Bucket) fill(ctx context.Context, p part) error {
	if p.object != nil {
		return nil
	}
	err := b.pages(ctx, p.key, "", func(page *s3.ListObjectsV2Output) error {
		objects := make([]Object, len(page.Contents))
		for i, listed := range page.Contents {
			objects[i] = objectOf(listed)
		}
		select {
		case p.pages <- objects:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	if err == nil {
		close(p.pages)
	}
	return err
}

// give calls fn for the objects of all parts. A server that lists in another
// order than it promises is refused, as some objects might be missing.
func (b *s3Bucket) give(ctx context.Context, parts []part, fn func(Object) error) error {
	last := ""
	visit := func(o Object) error {
		if o.Key <= last {
			return fmt.Errorf("listing %s: %q comes behind %q: this server does not list in order of keys", b, o.Key, last)
		}
		last = o.Key
		return fn(o)
	}
	for _, p := range parts {
		if err := p.each(ctx, visit); err != nil {
			return err
		}
	}
	return nil
}

// each calls visit for the objects of a part, as they come.
func (p part) each(ctx context.Context, visit func(Object) error) error {
	if p.object != nil {
		return visit(*p.object)
	}
	for {
		select {
		case page, more := <-p.pages:
			if !more {
				return nil
			}
			for _, o := range page {
				if err := visit(o); err != nil {
					return err
				}
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// cut returns the parts of a listing in order of their keys.
func (b *s3Bucket) cut(ctx context.Context, prefix string) ([]part, error) {
	parts := []part{b.prefixPart(prefix)}
	for range deepest {
		if len(parts) >= partsEach*b.c.Concurrency || !slices.ContainsFunc(parts, part.cuttable) {
			break
		}
		smaller := make([][]part, len(parts))
		work, ctx := errgroup.WithContext(ctx)
		work.SetLimit(b.c.Concurrency)
		for i, p := range parts {
			work.Go(func() (err error) {
				smaller[i], err = b.cutOne(ctx, p)
				return err
			})
		}
		if err := work.Wait(); err != nil {
			return nil, err
		}
		parts = slices.Concat(smaller...)
	}
	return parts, nil
}

func (b *s3Bucket) prefixPart(prefix string) part {
	return part{key: prefix, pages: make(chan []Object, ahead)}
}

func (p part) cuttable() bool { return p.object == nil && !p.whole }

// cutOne cuts a part by the next folder of its keys.
func (b *s3Bucket) cutOne(ctx context.Context, p part) ([]part, error) {
	if !p.cuttable() {
		return []part{p}, nil
	}
	var smaller []part
	seen := 0
	err := b.pages(ctx, p.key, "/", func(page *s3.ListObjectsV2Output) error {
		if seen++; seen > widest {
			return errWide
		}
		for _, listed := range page.Contents {
			o := objectOf(listed)
			smaller = append(smaller, part{key: o.Key, object: &o})
		}
		for _, folder := range page.CommonPrefixes {
			smaller = append(smaller, b.prefixPart(aws.ToString(folder.Prefix)))
		}
		return nil
	})
	if err == errWide { //nolint:errorlint // it is this function's own
		p.whole = true
		return []part{p}, nil
	}
	slices.SortFunc(smaller, func(x, y part) int { return strings.Compare(x.key, y.key) })
	return smaller, err
}

// errWide ends the cutting of a part.
var errWide = fmt.Errorf("more than %d pages", widest)

// pages calls fn with the pages of a listing.
func (b *s3Bucket) pages(ctx context.Context, prefix, delimiter string, fn func(*s3.ListObjectsV2Output) error) error {
	in := &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &prefix}
	if delimiter != "" {
		in.Delimiter = &delimiter
	}
	for pages := s3.NewListObjectsV2Paginator(b.Client, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("listing %s/%s: %w", b, prefix, b.explain(err, "s3:ListBucket", ""))
		}
		if err := fn(page); err != nil {
			return err
		}
	}
	return nil
}

func objectOf(listed types.Object) Object {
	return Object{
		Key: aws.ToString(listed.Key), Size: aws.ToInt64(listed.Size),
		Version: versionOfS3(aws.ToString(listed.ETag), aws.ToInt64(listed.Size)), Written: aws.ToTime(listed.LastModified),
	}
}
