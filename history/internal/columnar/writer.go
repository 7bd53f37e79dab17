package columnar

import (
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
)

// pageBuffer is the memory that a column begins with, in bytes. A page is as
// long as what is written at one time, which is a block.
const pageBuffer = 16 << 10

// Writer writes a file. It is not safe for concurrent use.
type Writer struct {
	form   *Form
	file   *parquet.GenericWriter[any]
	values [][]parquet.Value
}

// NewWriter returns a Writer of a file of a form.
func NewWriter(w io.Writer, f *Form) *Writer {
	options := []parquet.WriterOption{
		f.schema, parquet.Compression(compression), parquet.DataPageStatistics(false),
		parquet.PageBufferSize(pageBuffer), parquet.CreatedBy("muster", "1", ""),
	}
	for _, c := range f.columns {
		options = append(options, parquet.SkipPageBounds(c.Name))
	}
	return &Writer{form: f, file: parquet.NewGenericWriter[any](w, options...), values: make([][]parquet.Value, len(f.columns))}
}

// Rows is how many rows the block at hand has.
func (w *Writer) Rows() int { return len(w.values[0]) }

// Int64 adds a value to a column of Int64s.
func (w *Writer) Int64(column int, v int64) {
	w.values[column] = append(w.values[column], parquet.Int64Value(v))
}

// Int32 adds a value to a column of Int32s.
func (w *Writer) Int32(column int, v int32) {
	w.values[column] = append(w.values[column], parquet.Int32Value(v))
}

// Bytes adds a value to a column of Bytes, which must stay as it is until the
// block is written.
func (w *Writer) Bytes(column int, v []byte) {
	w.values[column] = append(w.values[column], parquet.ByteArrayValue(v))
}

// Block writes what was added since the last block, the same number of values
// to each column and BlockRows at most.
func (w *Writer) Block() error {
	for i, column := range w.file.ColumnWriters() {
		if len(w.values[i]) == 0 {
			return nil
		}
		if _, err := column.WriteRowValues(w.values[i]); err != nil {
			return fmt.Errorf("writing column %s: %w", w.form.columns[i].Name, err)
		}
		if err := column.Flush(); err != nil {
			return fmt.Errorf("writing column %s: %w", w.form.columns[i].Name, err)
		}
		w.values[i] = w.values[i][:0]
	}
	return nil
}

// Group ends a group of rows, unless it has none.
func (w *Writer) Group() error {
	if err := w.Block(); err != nil {
		return err
	}
	if err := w.file.Flush(); err != nil {
		return fmt.Errorf("writing a group of rows: %w", err)
	}
	return nil
}

// Close writes what is left and the text among the metadata. It does not close
// the underlying writer.
func (w *Writer) Close(text string) error {
	if err := w.Group(); err != nil {
		return err
	}
	w.file.SetKeyValueMetadata(w.form.key, text)
	if err := w.file.Close(); err != nil {
		return fmt.Errorf("writing the footer: %w", err)
	}
	return nil
}
