package pipeline

import "github.com/twmb/murmur3"

// Anchor tells the log that an offset is of from another one of the same name:
// a topic that was made anew, or that has lost its end, and has grown past the
// offset since. It is kept with the offset. The zero Anchor knows nothing.
type Anchor struct {
	Topic  string // the topic's id, as Kafka shows it; "" where the brokers have none
	Offset int64  // of the last record before the offset, or of an earlier one
	Sum    uint64 // fingerprint of that record, 0 for none
}

// AnchorAt returns the anchor of the offsets behind a record.
func AnchorAt(topic string, r *Record) Anchor {
	return Anchor{Topic: topic, Offset: r.Offset, Sum: r.sum()}
}

// sum is stored, so it must not change between versions. It is never 0.
func (r *Record) sum() uint64 {
	sum := murmur3.SeedSum64(uint64(r.Time), r.Key)
	if r.Key == nil {
		sum = ^sum
	}
	sum = murmur3.SeedSum64(sum, r.Value)
	if r.Value == nil {
		sum = ^sum
	}
	return max(sum, 1)
}

// anchorAt returns the anchor of an offset, given that of the offset where the
// batch begins. Of a source without anchors there is none.
func (b *Batch) anchorAt(next int64, before Anchor) Anchor {
	if next == b.Next || b.Anchor.Sum == 0 {
		return b.Anchor
	}
	for i := len(b.Records) - 1; i >= 0; i-- {
		if r := &b.Records[i]; r.Offset < next {
			return AnchorAt(b.Anchor.Topic, r)
		}
	}
	return before
}
