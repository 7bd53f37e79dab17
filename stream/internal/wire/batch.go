package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/segmentio/kafka-go/compress"
)

// ErrIncomplete is returned by NextBatch when the input holds only a part
// of the next batch, which is how a response ends that reached its limit.
var ErrIncomplete = errors.New("the record batch is incomplete")

// The record batch layout: 12 bytes of offset and length, then what the
// length counts, of which 9 bytes come before the checksummed part.
const (
	prefixSize   = 12
	checkedStart = 9
	recordFormat = 2
)

// The bits of a batch's attributes.
const (
	codecMask      = 0x07
	logAppendTime  = 0x08
	transactional  = 0x10
	controlRecords = 0x20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Batch is one record batch, its records still packed.
type Batch struct {
	Base     int64 // offset of the first record the batch was written with
	Last     int64 // offset of the last one, whether or not compaction removed it
	Producer int64
	Count    int // records in the batch, 0 after compaction removed them all

	attributes int16
	firstTime  int64
	maxTime    int64
	body       []byte
}

// Control reports whether the batch holds transaction markers.
func (b *Batch) Control() bool { return b.attributes&controlRecords != 0 }

// Transactional reports whether the batch belongs to a transaction.
func (b *Batch) Transactional() bool { return b.attributes&transactional != 0 }

// Codec returns how the records are compressed.
func (b *Batch) Codec() compress.Compression { return compress.Compression(b.attributes & codecMask) }

// NextBatch cuts the first batch off data and checks it. It returns
// ErrIncomplete when data ends within the batch.
func NextBatch(data []byte) (b Batch, rest []byte, err error) {
	if len(data) < prefixSize {
		return Batch{}, nil, ErrIncomplete
	}
	base := int64(binary.BigEndian.Uint64(data))
	size := int(int32(binary.BigEndian.Uint32(data[8:])))
	if size < checkedStart {
		return Batch{}, nil, fmt.Errorf("parsing record batch at offset %d: length %d is impossible", base, size)
	}
	if size > len(data)-prefixSize {
		return Batch{}, nil, ErrIncomplete
	}
	content, rest := data[prefixSize:prefixSize+size], data[prefixSize+size:]
	if b, err = parseBatch(base, content); err != nil {
		return Batch{}, nil, fmt.Errorf("parsing record batch at offset %d: %w", base, err)
	}
	return b, rest, nil
}

func parseBatch(base int64, content []byte) (Batch, error) {
	d := decoder{rest: content}
	d.int32() // leader epoch
	if magic := d.int8(); magic != recordFormat {
		return Batch{}, fmt.Errorf("record format %d is not supported, only %d (Kafka 0.11 and later)", magic, recordFormat)
	}
	sum := uint32(d.int32())
	if got := crc32.Checksum(d.rest, castagnoli); got != sum {
		return Batch{}, fmt.Errorf("checksum is %08x but the content's is %08x", sum, got)
	}
	b := Batch{Base: base, attributes: d.int16()}
	b.Last = base + int64(d.int32())
	b.firstTime = d.int64()
	b.maxTime = d.int64()
	b.Producer = d.int64()
	d.int16() // producer epoch
	d.int32() // base sequence
	b.Count = int(d.int32())
	b.body = d.rest
	if d.err == nil && (b.Count < 0 || b.Last < b.Base) {
		d.err = fmt.Errorf("%d records up to offset %d are impossible", b.Count, b.Last)
	}
	return b, d.err
}
