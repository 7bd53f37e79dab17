package sorted

import (
	"errors"
	"strings"
	"unsafe"

	"muster/history/projection"
)

// Merge reads some virtual shards of many sorted runs as one: profile by profile, and
// each profile's rows in order of arrival, then of the sorted runs and of the rows as
// they came to them. It holds a block of rows for each part.
type Merge struct {
	cursors []*cursor // a heap
	all     []*cursor
	row     Row
	id      [uuidLength]byte // memory of its messageId
	texts   *projection.Texts
	order   uint32
	begun   bool
	err     error
}

// NewMerge returns a Merge of virtual shards from first on and before end. The
// order of sorted runs matters where rows are equal. Close it; the sorted runs stay open.
func NewMerge(runs []*Run, first, end int) (*Merge, error) {
	m := &Merge{}
	for _, r := range runs {
		for part := range r.Parts {
			from, to := r.Parts[part].Rows(first, end)
			if from == to {
				continue
			}
			c, err := newCursor(r, part, from, to)
			if err != nil {
				return nil, errors.Join(err, m.Close())
			}
			c.rank = len(m.all)
			m.all = append(m.all, c)
			if ok, err := c.next(); err != nil || !ok {
				return nil, errors.Join(err, m.Close())
			}
			m.push(c)
		}
	}
	return m, nil
}

// Next goes to the next row and reports whether there is one; if not, Err
// tells why. Row, Texts and Shard are about it, and what they return is valid
// until the next call.
func (m *Merge) Next() bool {
	if m.err != nil || len(m.cursors) == 0 {
		return false
	}
	if m.begun {
		top := m.cursors[0]
		ok, err := top.next()
		if err != nil {
			m.err = err
			return false
		}
		if !ok {
			last := len(m.cursors) - 1
			m.cursors[0] = m.cursors[last]
			m.cursors = m.cursors[:last]
			if last == 0 {
				return false
			}
		}
		m.down()
	}
	m.begun = true
	m.read(m.cursors[0])
	return m.err == nil
}

func (m *Merge) read(c *cursor) {
	id, ok := unpackID(c.id.Row(c.at), &m.id)
	if !ok {
		m.err = c.run.file.Damaged(errors.New("a messageId"))
	}
	m.row = Row{
		Profile: c.name, MessageID: id, Arrival: c.arrival[c.at],
		Time: c.arrival[c.at] - c.age[c.at], Kind: c.kind[c.at], Body: c.body.Row(c.at),
	}
	m.texts, m.order = &c.run.Texts, c.order
}

// Row returns the row at hand.
func (m *Merge) Row() *Row { return &m.row }

// Texts returns what the row's kind and body refer to.
func (m *Merge) Texts() *projection.Texts { return m.texts }

// Shard returns the row's virtual shard.
func (m *Merge) Shard() int { return shardOfOrder(m.order) }

// Err returns what ended the Merge before its time, nil for nothing.
func (m *Merge) Err() error { return m.err }

// Close gives memory back.
func (m *Merge) Close() error {
	var errs []error
	for _, c := range m.all {
		errs = append(errs, c.close())
	}
	m.all, m.cursors = nil, nil
	return errors.Join(errs...)
}

// push adds a cursor to the heap.
func (m *Merge) push(c *cursor) {
	m.cursors = append(m.cursors, c)
	for i := len(m.cursors) - 1; i > 0; {
		up := (i - 1) / 2
		if !before(m.cursors[i], m.cursors[up]) {
			return
		}
		m.cursors[i], m.cursors[up] = m.cursors[up], m.cursors[i]
		i = up
	}
}

// down puts the first cursor where it belongs.
func (m *Merge) down() {
	h := m.cursors
	for i := 0; ; {
		least, left := i, 2*i+1
		if left < len(h) && before(h[left], h[least]) {
			least = left
		}
		if left+1 < len(h) && before(h[left+1], h[least]) {
			least = left + 1
		}
		if least == i {
			return
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}

// before is the order of the rows that two cursors have at hand.
func before(a, b *cursor) bool {
	if a.order != b.order {
		return a.order < b.order
	}
	if c := strings.Compare(a.name, b.name); c != 0 {
		return c < 0
	}
	if x, y := a.arrival[a.at], b.arrival[b.at]; x != y {
		return x < y
	}
	return a.rank < b.rank
}

// text is a byte array as a text that lies in the same memory.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
