package archive

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"
)

// rowsAtOnce is how many rows of Parquet are read at a time.
const rowsAtOnce = 64

// placed is an object that can be read at any place. Whoever has read it must
// ask whether it is still the same.
type placed interface {
	io.ReaderAt
	Size() int64
	Unchanged() error
}

// readParquet gives a record for each row.
func readParquet(o *origin, f Format, given *counter) error {
	at, ok := o.r.(placed)
	if !ok || f.Compression != Detect {
		spooled, err := spool(o, f.Compression)
		if err != nil {
			return err
		}
		defer spooled.remove()
		at = spooled
	}
	err := readPlaced(&placedOrigin{at, o}, f, given)
	if changed := at.Unchanged(); changed != nil {
		o.err = changed // and that is why, if anything else was wrong
		return changed
	}
	return err
}

func readPlaced(r *placedOrigin, f Format, given *counter) (err error) {
	// parquet-go panics at some of what a damaged file may hold.
	defer func() {
		if found := recover(); found != nil {
			if given.running {
				panic(found) // it is none of the file's
			}
			err = fmt.Errorf("reading Parquet: %v", found)
		}
	}()
	file, err := openParquet(r, r.r.Size())
	if err != nil {
		return fmt.Errorf("reading Parquet: %w", err)
	}
	form, err := newRowForm(file.Root(), given.key, f.Column)
	if err != nil {
		return err
	}
	return readRows(file, form, given)
}

// openParquet reads a file's footer. It does not believe the footer's length
// before it looked.
func openParquet(r io.ReaderAt, size int64) (*parquet.File, error) {
	const magic, trailer = 4, 8
	if size == 0 {
		return nil, ErrEmpty
	}
	var end [trailer]byte
	if size < magic+trailer {
		return nil, fmt.Errorf("it has only %d bytes", size)
	}
	if _, err := r.ReadAt(end[:], size-trailer); err != nil {
		return nil, fmt.Errorf("reading the end of the file: %w", err)
	}
	if string(end[magic:]) != "PAR1" {
		return nil, fmt.Errorf("it ends with %q and not with PAR1: it was cut off, or is no Parquet, or is encrypted", end[magic:])
	}
	if footer := int64(binary.LittleEndian.Uint32(end[:])); footer > size-magic-trailer {
		return nil, fmt.Errorf("its footer of %d bytes is longer than the file", footer)
	}
	return parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
}

// readRows gives the rows of all row groups.
func readRows(file *parquet.File, form *rowForm, given *counter) error {
	given.next = 1
	for _, group := range file.RowGroups() {
		if err := readGroup(group, form, given); err != nil {
			return err
		}
	}
	return nil
}

func readGroup(group parquet.RowGroup, form *rowForm, given *counter) error {
	rows := group.Rows()
	defer rows.Close()
	buffer := make([]parquet.Row, rowsAtOnce)
	left := group.NumRows()
	for {
		n, err := rows.ReadRows(buffer)
		for _, row := range buffer[:n] {
			if err := form.give(row, given); err != nil {
				return err
			}
			given.next++
		}
		left -= int64(n)
		switch {
		case errors.Is(err, io.EOF) && left > 0:
			return fmt.Errorf("reading Parquet: %d rows of a group are missing", left)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("reading Parquet: %w", err)
		case n == 0:
			return io.ErrNoProgress
		}
	}
}

// placedOrigin is origin for what is read at any place. A damaged file may ask
// for places that it does not have.
type placedOrigin struct {
	r placed
	o *origin
}

// ReadAt reads at any place.
func (p *placedOrigin) ReadAt(b []byte, offset int64) (int, error) {
	if offset < 0 || offset > p.r.Size() {
		return 0, fmt.Errorf("the file has no place %d", offset)
	}
	n, err := p.r.ReadAt(b, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		p.o.err = err
	}
	return n, err
}

// spooled is an object's bytes in a file without a name.
type spooled struct {
	*os.File
	size int64
}

// spool copies what can only be read from its beginning to a file.
func spool(o *origin, c Compression) (*spooled, error) {
	var from io.Reader = o
	if c != Detect {
		text, err := unpack(o, c)
		if err != nil {
			return nil, err
		}
		defer text.release()
		from = text
	}
	file, err := os.CreateTemp("", "muster-parquet-")
	if err != nil {
		o.err = fmt.Errorf("making a file for it: %w", err)
		return nil, o.err
	}
	s := &spooled{File: file}
	writes := &remembering{w: file}
	s.size, err = io.Copy(writes, from)
	if writes.err != nil {
		o.err = fmt.Errorf("copying it to %s, set TMPDIR to a folder with more room: %w", file.Name(), writes.err)
	}
	if err != nil {
		s.remove()
		return nil, err
	}
	return s, nil
}

// Size returns the number of bytes.
func (s *spooled) Size() int64 { return s.size }

// Unchanged returns nil: the bytes were read as they were listed.
func (s *spooled) Unchanged() error { return nil }

// remove removes the file. One that is left behind is the folder's for
// temporary files to clean up.
func (s *spooled) remove() {
	_ = s.Close()
	_ = os.Remove(s.Name())
}

// remembering is a writer that remembers what failed.
type remembering struct {
	w   io.Writer
	err error
}

func (r *remembering) Write(p []byte) (int, error) {
	n, err := r.w.Write(p)
	if err != nil {
		r.err = err
	}
	return n, err
}
