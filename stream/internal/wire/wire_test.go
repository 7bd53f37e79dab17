package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go/compress"
	"github.com/segmentio/kafka-go/protocol"
)

// encode returns two records as one batch by kafka-go's encoder, with
// attributes put in afterwards.
func encode(t testing.TB, base int64, codec compress.Compression, attributes int16) []byte {
	t.Helper()
	at := time.UnixMilli(1000)
	set := protocol.RecordSet{Version: 2, Attributes: protocol.Attributes(codec), Records: protocol.NewRecordReader(
		protocol.Record{Time: at, Key: protocol.NewBytes([]byte{0, 0, 0, 0}), Value: protocol.NewBytes([]byte("one"))},
		protocol.Record{Time: at.Add(-time.Millisecond), Value: protocol.NewBytes(bytes.Repeat([]byte("two"), 99)),
			Headers: []protocol.Header{{Key: "h", Value: []byte("v")}}},
	)}
	var out bytes.Buffer
	if _, err := set.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	batch := out.Bytes()[4:] // behind the set's length
	binary.BigEndian.PutUint64(batch, uint64(base))
	batch[22] |= byte(attributes)
	seal(batch)
	return batch
}

// seal puts the right checksum into a batch.
func seal(batch []byte) {
	binary.BigEndian.PutUint32(batch[17:], crc32.Checksum(batch[21:], castagnoli))
}

func TestBatchAndRecords(t *testing.T) {
	for _, codec := range []compress.Compression{compress.None, compress.Gzip, compress.Snappy, compress.Lz4, compress.Zstd} {
		data := append(encode(t, 7, codec, 0), "rest"...)
		b, rest, err := NextBatch(data)
		if err != nil || string(rest) != "rest" || b.Base != 7 || b.Last != 8 || b.Count != 2 || b.Control() {
			t.Fatalf("%v: %+v, %q, %v", codec, b, rest, err)
		}
		records, buffer, err := b.Records(&Inflater{}, []byte("before"))
		if err != nil || !bytes.HasPrefix(buffer, []byte("before")) || records.Len() != 2 || records.End() != 9 {
			t.Fatalf("%v: %d records, end %d, %v", codec, records.Len(), records.End(), err)
		}
		one, err1 := records.Next()
		two, err2 := records.Next()
		if err1 != nil || err2 != nil || records.Len() != 0 {
			t.Fatalf("%v: %v, %v, %d left", codec, err1, err2, records.Len())
		}
		if one.Offset != 7 || one.Time != 1000 || string(one.Value) != "one" || len(one.Key) != 4 {
			t.Errorf("%v: the first record is %+v", codec, one)
		}
		if two.Offset != 8 || two.Time != 999 || len(two.Value) != 297 || two.Key != nil {
			t.Errorf("%v: the second record is %+v", codec, two)
		}
	}
}

func TestBrokersTimeWins(t *testing.T) {
	b, _, err := NextBatch(encode(t, 0, compress.None, logAppendTime))
	if err != nil {
		t.Fatal(err)
	}
	records, _, err := b.Records(&Inflater{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for records.Len() > 0 {
		if r, err := records.Next(); err != nil || r.Time != 1000 {
			t.Errorf("offset %d has time %d, %v", r.Offset, r.Time, err)
		}
	}
}

func TestBrokenBatches(t *testing.T) {
	whole := encode(t, 7, compress.None, 0)
	for cut := range whole {
		if _, _, err := NextBatch(whole[:cut]); !errors.Is(err, ErrIncomplete) {
			t.Fatalf("%d bytes of %d: %v", cut, len(whole), err)
		}
	}
	for want, spoil := range map[string]func([]byte){
		"checksum":          func(b []byte) { b[len(b)-1] ^= 1 },
		"format 1":          func(b []byte) { b[16] = 1 },
		"length 3":          func(b []byte) { binary.BigEndian.PutUint32(b[8:], 3) },
		"are impossible":    func(b []byte) { binary.BigEndian.PutUint32(b[23:], 1<<31); seal(b) },
		"ends too early":    func(b []byte) { binary.BigEndian.PutUint32(b[57:], 1000); seal(b) },
		"7 is not known":    func(b []byte) { b[22] = 7; seal(b) },
		"record 0 of":       func(b []byte) { b[61] = 1; seal(b) },
		"record 1 of":       func(b []byte) { b[62+int(b[61]>>1)] = 0x7f; seal(b) },
		"at offset 7":       func(b []byte) { b[16] = 0 },
		"reading gzip":      func(b []byte) { b[22] = 1; seal(b) },
		"inflating":         func(b []byte) { b[22] = 4; seal(b) },
		"parsing record 2 ": func(b []byte) { binary.BigEndian.PutUint32(b[57:], 3); seal(b) },
	} {
		b := bytes.Clone(whole)
		spoil(b)
		if err := readAll(b); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v", want, err)
		}
	}
}

// readAll reads every record of every batch.
func readAll(data []byte) error {
	var aborts Aborts
	aborts.Reset([]Aborted{{Producer: -1, First: 3}})
	var inflate Inflater
	for len(data) > 0 {
		b, rest, err := NextBatch(data)
		if err != nil {
			return err
		}
		data = rest
		aborts.Void(&b)
		records, _, err := b.Records(&inflate, nil)
		for err == nil && records.Len() > 0 {
			_, err = records.Next()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func TestInflatingIsBounded(t *testing.T) {
	var packed bytes.Buffer
	w := compress.Zstd.Codec().NewWriter(&packed)
	if _, err := io.CopyN(w, zeros{}, MaxInflated+1<<20); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var inflate Inflater
	buffer, err := inflate.append(nil, compress.Zstd, packed.Bytes())
	if err == nil || !strings.Contains(err.Error(), "more than") || cap(buffer) > 3*MaxInflated {
		t.Errorf("%d bytes of %d inflated to %d: %v", packed.Len(), packed.Len(), cap(buffer), err)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

func TestAbortsFollowMarkers(t *testing.T) {
	batch := func(base, producer int64, attributes int16, marker byte) *Batch {
		b, _, err := NextBatch(encode(t, base, compress.None, attributes))
		if err != nil {
			t.Fatal(err)
		}
		b.Producer = producer
		b.body = bytes.Clone(b.body)
		b.body[bytes.Index(b.body, []byte{0, 0, 0, 0})+3] = marker
		return &b
	}
	const commit, abort = 1, 0
	var aborts Aborts
	aborts.Reset([]Aborted{{Producer: 2, First: 20}, {Producer: 1, First: 0}})
	for i, step := range []struct {
		batch *Batch
		void  bool
	}{
		{batch(0, 1, transactional, commit), true},
		{batch(2, 1, 0, commit), false}, // the same producer outside a transaction
		{batch(4, 2, transactional, commit), false},
		{batch(6, 2, transactional|controlRecords, commit), true},
		{batch(8, 1, transactional|controlRecords, abort), true},
		{batch(10, 1, transactional, commit), false},
		{batch(20, 2, transactional, commit), true},
		{batch(22, 2, transactional|controlRecords, abort), true},
		{batch(24, 2, transactional, commit), false},
	} {
		if got := aborts.Void(step.batch); got != step.void {
			t.Errorf("step %d: void is %v", i, got)
		}
	}
	aborts.Reset(nil)
	if aborts.Void(batch(0, 1, transactional, commit)) {
		t.Error("an abort outlives its response")
	}
}

func FuzzBatch(f *testing.F) {
	for _, codec := range []compress.Compression{compress.None, compress.Gzip, compress.Snappy, compress.Lz4, compress.Zstd} {
		f.Add(encode(f, 7, codec, 0))
	}
	f.Add(encode(f, 7, compress.None, transactional|controlRecords))
	f.Fuzz(func(t *testing.T, data []byte) {
		data = bytes.Clone(data)
		if len(data) > 21 { // otherwise the checksum stops almost everything
			binary.BigEndian.PutUint32(data[8:], uint32(len(data)-prefixSize))
			seal(data)
		}
		if err := readAll(data); err != nil && err.Error() == "" {
			t.Error("an error says nothing")
		}
	})
}

func FuzzResponse(f *testing.F) {
	f.Add(make([]byte, 64))
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01t\x00\x00\x00\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parseResponse(data)
		if err == nil && len(r.Batches) > len(data) {
			t.Errorf("%d bytes of batches from %d", len(r.Batches), len(data))
		}
	})
}
