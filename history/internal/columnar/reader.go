package columnar

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/parquet-go/parquet-go"

	"muster/history/files"
)

// File is an open file. Close it.
type File struct {
	// Text is that among the metadata.
	Text string

	form *Form
	name string
	file *parquet.File
	in   *input
}

// input is what a file is read from. It notes what went wrong, as that is
// nothing that is wrong with the file.
type input struct {
	files.File
	failed atomic.Pointer[error]
}

// ReadAt implements io.ReaderAt.
func (in *input) ReadAt(p []byte, at int64) (int, error) {
	n, err := in.File.ReadAt(p, at)
	if err != nil && !errors.Is(err, io.EOF) {
		in.failed.Store(&err)
	}
	return n, err
}

// Open opens a file of a form, which is closed with it, and after an error too.
// An error names the file.
func Open(name string, in files.File, f *Form) (*File, error) {
	file := &File{form: f, name: name, in: &input{File: in}}
	if err := file.open(); err != nil {
		return nil, errors.Join(file.Damaged(err), in.Close())
	}
	return file, nil
}

func (f *File) open() (err error) {
	f.file, err = parquet.OpenFile(f.in, f.in.Size(), parquet.SkipBloomFilters(true), parquet.FileSchema(f.form.schema), parquet.SkipMagicBytes(true))
	if err != nil {
		return err
	}
	ok := false
	if f.Text, ok = f.file.Lookup(f.form.key); !ok {
		return errors.New("it has no " + f.form.key)
	}
	for _, g := range f.file.RowGroups() {
		if len(g.ColumnChunks()) != len(f.form.columns) {
			return errors.New("it has other columns")
		}
	}
	return nil
}

// Damaged is an error that says what is wrong with the file, by its name, or
// why it can't be read.
func (f *File) Damaged(err error) error {
	if failed := f.in.failed.Load(); failed != nil {
		return fmt.Errorf("reading %s: %w", f.name, *failed)
	}
	return fmt.Errorf("reading %s: %w: %w", f.name, ErrDamaged, err)
}

// Groups returns how many rows each group has.
func (f *File) Groups() []int64 {
	groups := f.file.RowGroups()
	rows := make([]int64, len(groups))
	for i, g := range groups {
		rows[i] = g.NumRows()
	}
	return rows
}

// Close closes the file.
func (f *File) Close() error { return f.in.Close() }

// Blocks reads a group block by block. Close it.
type Blocks struct {
	file  *File
	pages []parquet.Pages
	read  []parquet.Page
	rows  int
}

// Blocks returns the blocks of a group from a row on. The first may begin in
// the middle of one.
func (f *File) Blocks(group int, from int64) (*Blocks, error) {
	n := len(f.form.columns)
	b := &Blocks{file: f, pages: make([]parquet.Pages, n), read: make([]parquet.Page, n)}
	for i, chunk := range f.file.RowGroups()[group].ColumnChunks() {
		b.pages[i] = chunk.Pages()
		if err := b.pages[i].SeekToRow(from); err != nil {
			return nil, errors.Join(f.Damaged(err), b.Close())
		}
	}
	return b, nil
}

// Next reads the next block and reports whether there is one.
func (b *Blocks) Next() (bool, error) {
	b.release()
	for i := range b.pages {
		page, err := b.pages[i].ReadPage()
		if errors.Is(err, io.EOF) && i == 0 {
			return false, nil
		}
		if err != nil {
			return false, b.file.Damaged(err)
		}
		b.read[i] = page
		if n := int(page.NumRows()); i == 0 {
			b.rows = n
		} else if n != b.rows {
			return false, b.file.Damaged(errors.New("columns of different length"))
		}
	}
	return true, nil
}

// Rows is how many rows the block has.
func (b *Blocks) Rows() int { return b.rows }

// Int64s returns a column of the block.
func (b *Blocks) Int64s(column int) []int64 {
	data := b.read[column].Data()
	return data.Int64()
}

// Int32s returns a column of the block.
func (b *Blocks) Int32s(column int) []int32 {
	data := b.read[column].Data()
	return data.Int32()
}

// Bytes returns a column of the block.
func (b *Blocks) Bytes(column int) ByteArrays {
	data := b.read[column].Data()
	all, offsets := data.ByteArray()
	return ByteArrays{all, offsets}
}

// ByteArrays are byte arrays one behind the other.
type ByteArrays struct {
	data    []byte
	offsets []uint32 // one more than there are arrays
}

// Row returns the i-th, valid until the next block is read.
func (a ByteArrays) Row(i int) []byte { return a.data[a.offsets[i]:a.offsets[i+1]] }

func (b *Blocks) release() {
	for i, p := range b.read {
		if p != nil {
			parquet.Release(p)
			b.read[i] = nil
		}
	}
}

// Close gives memory back.
func (b *Blocks) Close() error {
	b.release()
	var errs []error
	for _, p := range b.pages {
		if p != nil {
			errs = append(errs, p.Close())
		}
	}
	return errors.Join(errs...)
}
