package archive

import (
	"errors"
	"fmt"
	"io"
)

// MaxRecord bounds a record, in bytes: 64 MiB, the most that event.Config lets
// a record of the stream have. An object is broken at a longer one.
const MaxRecord = 64 << 20

// Record is one record: the bytes that the stream would have had as the value
// of a Kafka record, and what the archive knows of its arrival.
type Record struct {
	// Value is a JSON value, as far as it is one: this package does not
	// check it. It is valid until fn returns.
	Value []byte
	// Arrival is when the record came to the archive's writer, in
	// milliseconds since 1970 UTC, as the archive itself tells for this
	// record; 0 when it does not.
	Arrival int64
	// Line counts from 1: lines of the text, empty ones included, values
	// where they stand one behind the other, and rows of Parquet.
	Line int64
}

// Read calls fn with the records of an object, in their order. r are its bytes
// as they are stored, key is for errors, and f as Choice tells it.
//
// A *Broken says that the object can't be read from a line on; the records
// before have been given. An error of fn is returned as it is. Whatever else
// fails is an error of r, which another attempt may not meet.
func Read(r io.Reader, key string, f Format, fn func(Record) error) error {
	o := &origin{r: r}
	given := &counter{fn: fn, key: key}
	err := read(o, f, given)
	switch {
	case given.err != nil:
		return given.err
	case o.err != nil:
		return fmt.Errorf("reading object %s: %w", key, o.err)
	case err == nil:
		return nil
	case errors.Is(err, ErrEmpty), errors.Is(err, errForeign):
		return &Broken{Key: key, Err: err}
	}
	return &Broken{Key: key, Line: given.next, Err: err}
}

// errForeign says that nothing of an object's kind is read.
var errForeign = errors.New("its name says that it is neither JSON nor Parquet, compressed by gzip, zstd or snappy; " +
	"convert it, or leave it out by the layout's pattern")

func read(o *origin, f Format, given *counter) error {
	switch f.Encoding {
	case Foreign:
		return errForeign
	case Parquet:
		return readParquet(o, f, given)
	case Lines, Values:
	}
	unpacked, err := unpack(o, f.Compression)
	if err != nil {
		return err
	}
	defer unpacked.release()
	w := newWindow(unpacked)
	defer w.release()
	if f.Encoding == Values {
		return readValues(w, given)
	}
	return readLines(w, given)
}

// origin are an object's bytes as they are stored. It remembers what failed in
// getting them, as decompressors report that and corrupt bytes alike.
type origin struct {
	r   io.Reader
	err error // other than io.EOF
}

func (o *origin) Read(p []byte) (int, error) {
	n, err := o.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		o.err = err
	}
	return n, err
}

// counter gives records to fn and knows where the next one stands.
type counter struct {
	fn   func(Record) error
	key  string
	next int64 // line
	err  error // of fn
	// running says that fn was called and has not returned.
	running bool
}

// give hands out a record that stands at next.
func (c *counter) give(value []byte) error {
	c.running = true
	c.err = c.fn(Record{Value: value, Line: c.next})
	c.running = false
	return c.err
}
