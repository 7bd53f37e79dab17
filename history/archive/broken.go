package archive

import (
	"errors"
	"fmt"
)

// Broken says that an object can't be read from a line on, and why. Reading it
// another time ends in the same way.
type Broken struct {
	// Key is that of the object.
	Key string
	// Line is where the first record stands that was not given, counted as
	// Record.Line is; 0 when nothing of the object can be read.
	Line int64
	// Err is the cause.
	Err error
}

// Error names the key, the line and the cause.
func (b *Broken) Error() string {
	if b.Line == 0 {
		return fmt.Sprintf("object %s can't be read: %v", b.Key, b.Err)
	}
	return fmt.Sprintf("object %s can't be read from line %d on: %v", b.Key, b.Line, b.Err)
}

// Unwrap returns the cause.
func (b *Broken) Unwrap() error { return b.Err }

// Causes of a Broken that a caller may want to tell apart.
var (
	// ErrEmpty says that an object has no bytes. No writer of an archive
	// makes one, so what should be in it was lost.
	ErrEmpty = errors.New("it has 0 bytes: its writer was cut off, or it is no object of this archive")
	// ErrLong says that a record has more than MaxRecord bytes.
	ErrLong = fmt.Errorf("a record is longer than %d bytes", MaxRecord)
)
