// Package columnar writes and reads Parquet files of a fixed form: columns
// that are never null, in blocks of rows that are a page of each column, in
// groups, with one text among the file's metadata.
//
// It promises that equal rows give equal bytes, and that what can't be read is
// an error that wraps ErrDamaged.
//
// The trap: byte arrays of a block lie in memory that the next block takes back.
package columnar

import (
	"errors"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// BlockRows is how many rows a block has; the last of a group may have fewer.
const BlockRows = 2048

// ErrDamaged says that a file is not what a Writer leaves.
var ErrDamaged = errors.New("it is damaged; remove it, and it will be made anew")

// Kind is what a column holds.
type Kind uint8

// The kinds of columns.
const (
	Int64s Kind = iota
	Int32s
	Bytes
)

// Column is a column of a Form.
type Column struct {
	Name string
	Kind Kind
}

// Form is the form of a file. It is immutable.
type Form struct {
	columns []Column
	key     string // of the text among the metadata
	schema  *parquet.Schema
}

// NewForm returns the form of files with some columns, which are numbered in
// the order of their names, and with a text among the metadata.
func NewForm(name, key string, list ...Column) *Form {
	list = slices.SortedFunc(slices.Values(list), func(a, b Column) int { return strings.Compare(a.Name, b.Name) })
	group := parquet.Group{}
	for _, c := range list {
		switch c.Kind {
		case Int64s:
			group[c.Name] = parquet.Encoded(parquet.Leaf(parquet.Int64Type), &parquet.DeltaBinaryPacked)
		case Int32s:
			group[c.Name] = parquet.Encoded(parquet.Leaf(parquet.Int32Type), &parquet.DeltaBinaryPacked)
		case Bytes:
			group[c.Name] = parquet.Encoded(parquet.Leaf(parquet.ByteArrayType), &parquet.DeltaLengthByteArray)
		}
	}
	return &Form{columns: list, key: key, schema: parquet.NewSchema(name, group)}
}

// compression is this package's own: one encoder works for one column at a
// time.
var compression = &zstd.Codec{Level: zstd.SpeedFastest, Concurrency: 1}
