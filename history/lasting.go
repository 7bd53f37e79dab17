package history

import (
	"errors"

	"muster/history/archive"
)

// unreadableError says why an object can't be read to its end, where that ends
// the backfill.
type unreadableError string

// Error implements error.
func (e unreadableError) Error() string {
	return string(e) + "; mend or remove the object, or go on without what can't be read (on-error skip)"
}

// Lasting reports whether an error stays the same however often the task is
// tried: of objects that are broken, gone, changed or not permitted, of an
// archive without any, and of a plan of another version. All others, as those of
// the network and of file systems, may pass.
func Lasting(err error) bool {
	var unreadable unreadableError
	if errors.As(err, &unreadable) {
		return true
	}
	for _, lasting := range []error{ErrOther, ErrNothing, archive.ErrChanged, archive.ErrMissing, archive.ErrDenied} {
		if errors.Is(err, lasting) {
			return true
		}
	}
	return false
}
