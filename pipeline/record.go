package pipeline

import "context"

// Record is one message of a partition as the broker keeps it. Its bytes
// belong to the Batch and are valid until the next Fetch but one, so that
// one batch can be decoded while the one before is being committed.
type Record struct {
	Offset int64
	Time   int64 // broker's timestamp, milliseconds since 1970 UTC; 0 when it has none
	Key    []byte
	Value  []byte
	// Own says that the record has the header of Muster's own records, see
	// package directive.
	Own bool
}

// Batch is what one Fetch of a partition brought.
type Batch struct {
	Records []Record
	Next    int64  // offset to ask for after this batch; markers and compacted records are behind it too
	High    int64  // high watermark: the offset the next produced record will get
	Gap     *Gap   // what was passed over to come to Next, nil for nothing; such a batch has no records
	Anchor  Anchor // of Next
}

// last reports whether nothing waited to be read behind the batch.
func (b *Batch) last() bool { return b.Next >= b.High }

// Gap is a stretch of offsets that a log was asked for and does not hold, and
// that an operator allowed to pass over.
type Gap struct {
	From int64 // the first that is missing
	To   int64 // where reading goes on; From or below in a log that is another, or has lost its end
}

// Lost is the number of offsets in the gap, 0 when nobody knows it.
func (g Gap) Lost() int64 { return max(0, g.To-g.From) }

// DeadLetter is a record, or one item of it, that could not be applied.
type DeadLetter struct {
	Reason    string
	Topic     string
	Partition int
	Offset    int64
	Key       []byte
	Value     []byte
}

// Source is one partition of the keyed topic, read in order from the offset
// it was opened at.
type Source interface {
	// Fetch returns the next records, or an empty batch when none came
	// within the poll time. It never returns a record before the offset
	// asked for, and never skips one: a gap is an error, unless an operator
	// has allowed it, and then the Batch tells of it.
	Fetch(ctx context.Context) (Batch, error)
	Close() error
}

// DeadLetters keeps what could not be applied. Write returns once the
// letters are durable; after a crash the same letter may be written again.
type DeadLetters interface {
	Write(ctx context.Context, letters []DeadLetter) error
}
