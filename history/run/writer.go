package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"

	"muster/history/projection"
)

// Writer writes a run. It is not safe for concurrent use.
type Writer struct {
	file   *parquet.Writer
	sorter sorter
	most   int
	header Header
	values [columns][]parquet.Value
	err    error
}

// pageBuffer is the memory that a column begins with, in bytes. A page is as
// long as what is written at one time, which is a block.
const pageBuffer = 16 << 10

// MinMemory is the least that a Writer may hold, in bytes.
const MinMemory = 1 << 20

// NewWriter returns a Writer that holds up to about most bytes of events in
// memory, at least MinMemory, before it writes a part, and as much again while
// it writes.
func NewWriter(w io.Writer, most int) *Writer {
	return &Writer{
		most: max(most, MinMemory),
		file: parquet.NewWriter(w, schema, parquet.Compression(compression), parquet.DataPageStatistics(false),
			parquet.SkipPageBounds("profile"), parquet.SkipPageBounds("body"), parquet.SkipPageBounds("id"),
			parquet.PageBufferSize(pageBuffer),
			parquet.CreatedBy("muster", "1", "")),
	}
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
// writer. A note is kept with the run, nil for none.
func (w *Writer) Close(t projection.Texts, note any) error {
	if err := w.part(); err != nil {
		return err
	}
	w.header.Texts = t
	var err error
	if note != nil {
		w.header.Note, err = json.Marshal(note)
	}
	text, err2 := json.Marshal(w.header)
	if err := errors.Join(err, err2); err != nil {
		return fmt.Errorf("writing a run's header: %w", err)
	}
	w.file.SetKeyValueMetadata(headerKey, string(text))
	if err := w.file.Close(); err != nil {
		return fmt.Errorf("writing a run: %w", err)
	}
	return nil
}

// part writes what the sorter has as a row group.
func (w *Writer) part() error {
	if len(w.sorter.entries) == 0 {
		return nil
	}
	w.sorter.sort()
	keys := w.sorter.keys
	shards := make([]int64, VirtualShards)
	for _, k := range keys {
		shards[shardOfOrder(uint32(k>>32))]++
	}
	for i := 1; i < len(shards); i++ {
		shards[i] += shards[i-1]
	}
	for len(keys) > 0 {
		n := min(blockRows, len(keys))
		if err := w.block(keys[:n]); err != nil {
			return fmt.Errorf("writing a run: %w", err)
		}
		keys = keys[n:]
	}
	if err := w.file.Flush(); err != nil {
		return fmt.Errorf("writing a run: %w", err)
	}
	w.header.Parts = append(w.header.Parts, Part{Shards: shards})
	w.sorter.reset()
	return nil
}

// block writes rows as a page of each column.
func (w *Writer) block(keys []uint64) error {
	s := &w.sorter
	for i := range w.values {
		w.values[i] = w.values[i][:0]
	}
	v := &w.values
	for _, k := range keys {
		e := &s.entries[uint32(k)]
		v[columnAge] = append(v[columnAge], parquet.Int64Value(e.arrival-e.time))
		v[columnArrival] = append(v[columnArrival], parquet.Int64Value(e.arrival))
		v[columnKind] = append(v[columnKind], parquet.Int32Value(e.kind))
		at := e.at
		for _, text := range []struct {
			column int
			length uint32
		}{{columnProfile, e.profile}, {columnID, e.id}, {columnBody, e.body}} {
			end := at + int(text.length)
			v[text.column] = append(v[text.column], parquet.ByteArrayValue(s.memory[at:end]))
			at = end
		}
	}
	for i, writer := range w.file.ColumnWriters() {
		if _, err := writer.WriteRowValues(v[i]); err != nil {
			return err
		}
		if err := writer.Flush(); err != nil {
			return err
		}
	}
	return nil
}
