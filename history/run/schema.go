package run

import (
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// Version is that of the form of runs. It is part of the key of each.
const Version = 1

// blockRows is how many rows the pages of all columns hold.
const blockRows = 1024

// The columns, in the order of their names, as Parquet has them.
const (
	columnAge = iota
	columnArrival
	columnBody
	columnID
	columnKind
	columnProfile
	columns
)

var schema = parquet.NewSchema("run", parquet.Group{
	"age":     parquet.Encoded(parquet.Leaf(parquet.Int64Type), &parquet.DeltaBinaryPacked),
	"arrival": parquet.Encoded(parquet.Leaf(parquet.Int64Type), &parquet.DeltaBinaryPacked),
	"body":    parquet.Encoded(parquet.Leaf(parquet.ByteArrayType), &parquet.DeltaLengthByteArray),
	"id":      parquet.Encoded(parquet.Leaf(parquet.ByteArrayType), &parquet.DeltaLengthByteArray),
	"kind":    parquet.Encoded(parquet.Leaf(parquet.Int32Type), &parquet.DeltaBinaryPacked),
	"profile": parquet.Encoded(parquet.Leaf(parquet.ByteArrayType), &parquet.DeltaLengthByteArray),
})

// compression is a codec of this package's own: one encoder works for one
// column at a time.
var compression = &zstd.Codec{Level: zstd.SpeedFastest, Concurrency: 1}

// headerKey is that of the Header among the file's metadata.
const headerKey = "muster.run"
