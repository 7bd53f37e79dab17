package archive

import (
	"fmt"
	"path"
	"strings"
)

// Encoding is how records stand in an object.
type Encoding uint8

// The encodings.
const (
	// Lines is a record in each line, NDJSON.
	Lines Encoding = iota
	// Values is JSON values one behind the other, with or without white space
	// between them, as Firehose writes them.
	Values
	// Parquet is a record in each row.
	Parquet
	// Foreign is what this package does not read. Read says so.
	Foreign
)

var encodings = []string{"lines", "values", "parquet", "foreign"}

// String returns the encoding's name, as settings have it.
func (e Encoding) String() string { return encodings[e] }

// Compression is how the bytes of an object are packed.
type Compression uint8

// The compressions.
const (
	// Detect tells by an object's first bytes. No record begins with those
	// of a compression.
	Detect Compression = iota
	// Gzip may have any number of members.
	Gzip
	// Zstd may have a window of up to 128 MB, which it takes in memory.
	Zstd
	// Snappy is the framing format of snappy, and not that of Hadoop or a
	// bare block.
	Snappy
)

var compressions = []string{"detect", "gzip", "zstd", "snappy"}

// String returns the compression's name.
func (c Compression) String() string { return compressions[c] }

// Format is how the records of an object are stored.
type Format struct {
	Compression Compression
	Encoding    Encoding
	// Column is the one of Parquet that holds a JSON text as record. "" makes
	// a record of the other columns, as docs/archives.md says.
	Column string
}

// String names the format for people and for the keys of what is kept of an
// object: equal texts are equal formats.
func (f Format) String() string {
	if f.Encoding == Parquet {
		return fmt.Sprintf("%s/%s/%q", f.Encoding, f.Compression, f.Column)
	}
	return f.Encoding.String() + "/" + f.Compression.String()
}

// packed are the endings of names that tell a compression.
var packed = map[string]Compression{
	".gz": Gzip, ".gzip": Gzip, ".zst": Zstd, ".zstd": Zstd, ".snappy": Snappy, ".sz": Snappy,
}

// foreign are the endings of names of what is not read.
var foreign = map[string]bool{
	".avro": true, ".orc": true, ".csv": true, ".tsv": true, ".zip": true, ".hsnappy": true, ".bz2": true, ".lz4": true,
	".xz": true,
}

// formatOf returns the format that a name tells: by default is what encoding
// it has when its ending says nothing.
func formatOf(key string, byDefault Encoding, column string) Format {
	f := Format{Encoding: byDefault}
	name := strings.ToLower(path.Base(key))
	if c, ok := packed[path.Ext(name)]; ok {
		f.Compression = c
		name = strings.TrimSuffix(name, path.Ext(name))
	}
	switch ending := path.Ext(name); {
	case ending == ".parquet":
		f.Encoding, f.Column = Parquet, column
	case foreign[ending]:
		f.Encoding = Foreign
	case byDefault == Parquet:
		f.Column = column
	}
	return f
}
