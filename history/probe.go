package history

import (
	"context"
	"errors"
	"fmt"

	"muster/history/archive"
)

var errFound = errors.New("found")

// Probe returns an error that wraps ErrNothing when the archive has no object to
// read. It lists only up to the first.
func (r *Request) Probe(ctx context.Context) error {
	l := &Listing{}
	err := r.Bucket.List(ctx, r.Prefix, func(o archive.Object) error {
		if r.consider(l, o); l.Chosen.Objects > 0 {
			return errFound
		}
		return nil
	})
	switch {
	case errors.Is(err, errFound):
		return nil
	case err != nil:
		return fmt.Errorf("listing %s/%s: %w", r.Bucket, r.Prefix, err)
	}
	return r.nothing(l)
}
