package sorted

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"muster/history/internal/columnar"
	"muster/history/projection"
)

// Writer writes a run. It is not safe for concurrent use.
type Writer struct {
	// Sparse leaves out what is not read and has no messageId, unless it is the
	// first of its profile in a part: so a profile is known to exist since then.
	Sparse bool

	file   *columnar.Writer
	sorter sorter
	most   int
	header Header
}

// MinMemory is the least that a Writer may hold, in bytes.
const MinMemory = 1 << 20

// NewWriter returns a Writer that holds up to about most bytes of events in
// memory, at least MinMemory, before it writes a part, and as much again while
// it writes.
func NewWriter(w io.Writer, most int) *Writer {
	return &Writer{most: max(most, MinMemory), file: columnar.NewWriter(w, form)}
}

// Reset begins another sorted run, with the memory of the one before.
func (w *Writer) Reset(out io.Writer) {
	w.header = Header{}
	w.sorter.reset()
	w.file = columnar.NewWriter(out, form) // one that is used again leaves other bytes
}

// Add takes a row in. It keeps nothing of it.
func (w *Writer) Add(r *Row) error {
	w.sorter.add(r)
	if w.sorter.bytes() < w.most {
		return nil
	}
	return w.part()
}

// Close writes what is left, and the header. It does not close the underlying
// writer. A note is kept with the sorted run, nil for none.
func (w *Writer) Close(t projection.Texts, note any) error {
	if err := w.part(); err != nil {
		return err
	}
	w.header.Texts = t
	var err error
	if note != nil {
		w.header.Note, err = json.Marshal(note)
	}
	text, err2 := json.Marshal(&w.header)
	if err := errors.Join(err, err2); err != nil {
		return fmt.Errorf("writing a sorted run's header: %w", err)
	}
	if err := w.file.Close(string(text)); err != nil {
		return fmt.Errorf("writing a sorted run: %w", err)
	}
	return nil
}

// part writes what the sorter has as a row group.
func (w *Writer) part() error {
	if len(w.sorter.entries) == 0 {
		return nil
	}
	shards := make([]int64, VirtualShards)
	for group := range w.sorter.sort() {
		if w.Sparse {
			group = w.sorter.thin(group)
		}
		shards[shardOfOrder(uint32(group[0]>>32))] += int64(len(group))
		if err := w.add(group); err != nil {
			return fmt.Errorf("writing a sorted run: %w", err)
		}
	}
	for i := 1; i < len(shards); i++ {
		shards[i] += shards[i-1]
	}
	if err := w.file.Group(); err != nil {
		return fmt.Errorf("writing a sorted run: %w", err)
	}
	w.header.Parts = append(w.header.Parts, Part{Shards: shards})
	w.sorter.reset()
	return nil
}

// add adds rows to the block at hand, and writes one that is full.
func (w *Writer) add(keys []uint64) error {
	s := &w.sorter
	for _, k := range keys {
		if w.file.Rows() == columnar.BlockRows {
			if err := w.file.Block(); err != nil {
				return err
			}
		}
		e := &s.entries[uint32(k)]
		id := e.at + int(e.profile)
		body := id + int(e.id)
		w.file.Int64(columnAge, e.arrival-e.time)
		w.file.Int64(columnArrival, e.arrival)
		w.file.Int32(columnKind, e.kind)
		w.file.Bytes(columnProfile, s.memory[e.at:id])
		w.file.Bytes(columnID, s.memory[id:body])
		w.file.Bytes(columnBody, s.memory[body:body+int(e.body)])
	}
	return nil
}
