package wire

import (
	"fmt"

	"muster/directive"
)

// Record is one record of a batch. A nil Key or Value is a null one.
type Record struct {
	Offset int64
	Time   int64 // milliseconds since 1970 UTC, 0 when the record has none
	Key    []byte
	Value  []byte
	Own    bool // whether it has the header directive.Header
}

// Records walks over the records of one batch. The zero Records is empty.
type Records struct {
	in    decoder
	batch Batch
	left  int
	end   int64
}

// Records returns the batch's records, inflating them onto buffer when they
// are compressed. It returns buffer grown by what was inflated.
func (b *Batch) Records(inflate *Inflater, buffer []byte) (Records, []byte, error) {
	plain := b.body
	if b.Codec() != 0 && b.Count > 0 {
		start := len(buffer)
		var err error
		if buffer, err = inflate.append(buffer, b.Codec(), b.body); err != nil {
			return Records{}, buffer, fmt.Errorf("inflating record batch at offset %d: %w", b.Base, err)
		}
		plain = buffer[start:]
	}
	return Records{in: decoder{rest: plain}, batch: *b, left: b.Count, end: b.Last + 1}, buffer, nil
}

// Len returns how many records are left.
func (r *Records) Len() int { return r.left }

// Packed reports whether the records lie in a buffer they were inflated to.
func (r *Records) Packed() bool { return r.batch.Codec() != 0 }

// End returns the offset behind the batch, which may be further than behind
// its last record. It is 0 for the zero Records.
func (r *Records) End() int64 { return r.end }

// Next returns the next record. Call it Len times at most.
func (r *Records) Next() (Record, error) {
	r.left--
	size := r.in.varint()
	if r.in.err != nil || size < 0 || size > int64(len(r.in.rest)) {
		return Record{}, r.broken(errShort)
	}
	d := decoder{rest: r.in.take(int(size))}
	d.int8() // attributes
	rec := Record{Time: r.batch.firstTime + d.varint()}
	rec.Offset = r.batch.Base + d.varint()
	rec.Key = d.bytes()
	rec.Value = d.bytes()
	rec.Own = d.hasHeader(directive.Header)
	if d.err != nil {
		return Record{}, r.broken(d.err)
	}
	if r.batch.attributes&logAppendTime != 0 {
		rec.Time = r.batch.maxTime
	}
	rec.Time = max(rec.Time, 0)
	return rec, nil
}

func (r *Records) broken(err error) error {
	left := r.left + 1
	r.left = 0
	return fmt.Errorf("parsing record %d of the batch at offset %d: %w", r.batch.Count-left, r.batch.Base, err)
}
