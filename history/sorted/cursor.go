package sorted

import (
	"io"

	"muster/history/internal/columnar"
)

// cursor reads rows of one part in order. It holds a block of rows.
type cursor struct {
	run    *Run
	rank   int // among cursors of one merge, for rows that are equal
	blocks *columnar.Blocks
	left   int64 // rows to come, those of the block included

	// The block: columns by row.
	at, rows          int
	age, arrival      []int64
	kind              []int32
	profile, id, body columnar.ByteArrays

	// Of the row at hand.
	order uint32
	name  string // the profile
}

// newCursor returns a cursor before the first of some rows of a part; call
// next.
func newCursor(r *Run, part int, from, to int64) (*cursor, error) {
	blocks, err := r.file.Blocks(part, from)
	if err != nil {
		return nil, err
	}
	return &cursor{run: r, blocks: blocks, left: to - from}, nil
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
	if p := c.profile.Row(c.at); c.at == 0 || string(p) != c.name {
		c.name = text(p)
		c.order = order(c.name)
	}
	return true, nil
}

// block reads the next block. What the row before was is gone.
func (c *cursor) block() error {
	more, err := c.blocks.Next()
	if err != nil {
		return err
	}
	if !more {
		return c.run.file.Damaged(io.ErrUnexpectedEOF)
	}
	c.at, c.rows = 0, c.blocks.Rows()
	c.age, c.arrival, c.kind = c.blocks.Int64s(columnAge), c.blocks.Int64s(columnArrival), c.blocks.Int32s(columnKind)
	c.profile, c.id, c.body = c.blocks.Bytes(columnProfile), c.blocks.Bytes(columnID), c.blocks.Bytes(columnBody)
	return nil
}

func (c *cursor) close() error { return c.blocks.Close() }
