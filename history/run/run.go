package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"
)

// Run is an open run. Close it.
type Run struct {
	Header
	name string
	file *parquet.File
	in   *os.File
}

// Open opens a run and reads its header.
func Open(path string) (*Run, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening a run: %w", err)
	}
	r := &Run{name: path, in: in}
	if err := r.readHeader(); err != nil {
		return nil, errors.Join(fmt.Errorf("reading run %s: %w", path, err), in.Close())
	}
	return r, nil
}

func (r *Run) readHeader() error {
	info, err := r.in.Stat()
	if err != nil {
		return err
	}
	r.file, err = parquet.OpenFile(r.in, info.Size(), parquet.SkipBloomFilters(true), parquet.FileSchema(schema), parquet.SkipMagicBytes(true))
	if err != nil {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	text, ok := r.file.Lookup(headerKey)
	if !ok {
		return errDamaged
	}
	if err := json.Unmarshal([]byte(text), &r.Header); err != nil {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	groups := r.file.RowGroups()
	if len(groups) != len(r.Parts) {
		return errDamaged
	}
	for i, g := range groups {
		if s := r.Parts[i].Shards; len(s) != VirtualShards || g.NumRows() != s[VirtualShards-1] || len(g.ColumnChunks()) != columns {
			return errDamaged
		}
	}
	return nil
}

// Close closes the file.
func (r *Run) Close() error { return r.in.Close() }

// cursor reads rows of one part in order. It holds a block of rows.
type cursor struct {
	run     *Run
	rank    int // among cursors of one merge, for rows that are equal
	pages   [columns]parquet.Pages
	current [columns]parquet.Page
	left    int64 // rows to come, those of the block included

	// The block: columns by row.
	at, rows      int
	age, arrival  []int64
	kind          []int32
	profile       bytesColumn
	id            bytesColumn
	body          bytesColumn
	order         uint32
	profileAtHand string // of the row at hand
}

// bytesColumn are byte arrays one behind the other.
type bytesColumn struct {
	data []byte
	ends []uint32 // one more than rows: where each begins
}

func (c *bytesColumn) row(i int) []byte { return c.data[c.ends[i]:c.ends[i+1]] }

// newCursor returns a cursor before the first of some rows of a part; call
// next.
func newCursor(r *Run, part int, from, to int64) (*cursor, error) {
	c := &cursor{run: r, left: to - from}
	for i, chunk := range r.file.RowGroups()[part].ColumnChunks() {
		c.pages[i] = chunk.Pages()
		if err := c.pages[i].SeekToRow(from); err != nil {
			return nil, errors.Join(c.damaged(err), c.close())
		}
	}
	return c, nil
}

func (c *cursor) damaged(err error) error {
	return fmt.Errorf("reading run %s: %w: %w", c.run.name, errDamaged, err)
}

// next goes to the next row and reports whether there is one.
func (c *cursor) next() (bool, error) {
	if c.rows > 0 {
		c.at++
		c.left--
	}
	if c.left <= 0 {
		return false, nil
	}
	if c.at == c.rows {
		if err := c.block(); err != nil {
			return false, err
		}
	}
	if p := c.profile.row(c.at); c.at == 0 || string(p) != c.profileAtHand {
		c.profileAtHand = text(p)
		c.order = order(c.profileAtHand)
	}
	return true, nil
}

// block reads the next page of each column. What the row before was is gone.
func (c *cursor) block() error {
	c.release()
	for i := range c.pages {
		page, err := c.pages[i].ReadPage()
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return c.damaged(err)
		}
		c.current[i] = page
	}
	c.at, c.rows = 0, int(c.current[0].NumRows())
	for _, p := range c.current {
		if int(p.NumRows()) != c.rows || c.rows == 0 {
			return c.damaged(errors.New("pages of different length"))
		}
	}
	c.age, c.arrival = int64s(c.current[columnAge]), int64s(c.current[columnArrival])
	data := c.current[columnKind].Data()
	c.kind = data.Int32()
	c.profile, c.id, c.body = byteArrays(c.current[columnProfile]), byteArrays(c.current[columnID]), byteArrays(c.current[columnBody])
	return nil
}

func int64s(p parquet.Page) []int64 {
	data := p.Data()
	return data.Int64()
}

func byteArrays(p parquet.Page) bytesColumn {
	data := p.Data()
	b, ends := data.ByteArray()
	return bytesColumn{b, ends}
}

func (c *cursor) release() {
	for i, p := range c.current {
		if p != nil {
			parquet.Release(p)
			c.current[i] = nil
		}
	}
}

func (c *cursor) close() error {
	c.release()
	var errs []error
	for _, p := range c.pages {
		if p != nil {
			errs = append(errs, p.Close())
		}
	}
	return errors.Join(errs...)
}
