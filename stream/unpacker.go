package stream

import (
	"errors"

	"muster/pipeline"
	"muster/stream/internal/wire"
)

// unpacker turns an answer of the broker into records, a limited number at
// a time. Records point into the answer's buffer or into an arena that
// compressed batches are inflated to. Of each there are two that take turns,
// and so records stay valid until the next take but one:
//   - one take never spans two answers, so the spare buffer held nothing of
//     the take before;
//   - one take never spans two arenas: it either finishes the batch that the
//     take before left open, or starts with the other arena.
type unpacker struct {
	buffers [2][]byte
	arenas  [2][]byte
	lists   [2][]pipeline.Record
	buffer  int // of the answer being unpacked
	arena   int // last inflated to
	list    int // last returned

	batches []byte       // not yet looked at
	begun   bool         // whether a batch of this answer has been
	records wire.Records // left of the batch begun
	aborts  wire.Aborts
	inflate wire.Inflater
}

// empty reports whether all of the last answer has been taken.
func (u *unpacker) empty() bool { return len(u.batches) == 0 && u.records.Len() == 0 }

// drop forgets what is left of the last answer.
func (u *unpacker) drop() { u.batches, u.records = nil, wire.Records{} }

// spare returns the buffer to read the next answer into.
func (u *unpacker) spare() []byte { return u.buffers[1-u.buffer] }

// give hands over an answer that was read into the spare buffer.
func (u *unpacker) give(res wire.Response, buffer []byte) {
	u.buffers[1-u.buffer] = buffer
	if len(res.Batches) == 0 {
		return
	}
	u.buffer = 1 - u.buffer
	u.batches, u.begun = res.Batches, false
	u.aborts.Reset(res.Aborted)
}

// take returns the records from offset next on, at most limit of them, and
// the offset to go on from. It stops inflating at about most bytes. On an
// error behind some good records it returns those; the rest of the answer is
// dropped and the error comes again with the next answer.
func (u *unpacker) take(next int64, limit, most int) ([]pipeline.Record, int64, error) {
	u.list = 1 - u.list
	out := u.lists[u.list][:0]
	start := next
	err := u.collect(&out, &next, limit, most)
	u.lists[u.list] = out
	if err != nil {
		u.drop()
		if next > start {
			err = nil
		}
	}
	return out, next, err
}

func (u *unpacker) collect(out *[]pipeline.Record, next *int64, limit, most int) error {
	onlyFinish := u.records.Len() > 0 && u.records.Packed()
	if !onlyFinish {
		u.arena = 1 - u.arena
		u.arenas[u.arena] = u.arenas[u.arena][:0]
	}
	for {
		if err := u.drain(out, next, limit); err != nil {
			return err
		}
		if onlyFinish || len(*out) >= limit || len(u.batches) == 0 || len(u.arenas[u.arena]) >= most {
			return nil
		}
		complete, err := u.begin(next)
		if err != nil {
			return err
		}
		if !complete {
			u.batches = nil
			return nil
		}
	}
}

// drain appends records of the batch begun until the limit is reached.
func (u *unpacker) drain(out *[]pipeline.Record, next *int64, limit int) error {
	for u.records.Len() > 0 && len(*out) < limit {
		rec, err := u.records.Next()
		if err != nil {
			return err
		}
		if rec.Offset < *next { // batches come whole, also from before the offset asked for
			continue
		}
		*out = append(*out, pipeline.Record(rec))
		*next = rec.Offset + 1
	}
	if u.records.Len() == 0 {
		*next = max(*next, u.records.End())
	}
	return nil
}

// begin opens the next batch, stepping over it when nothing in it counts. It
// reports false when only a part of the batch came. A part of the very first
// batch is an error: asking again would bring the same.
func (u *unpacker) begin(next *int64) (bool, error) {
	b, rest, err := wire.NextBatch(u.batches)
	if errors.Is(err, wire.ErrIncomplete) && u.begun {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	u.batches, u.begun = rest, true
	if u.aborts.Void(&b) || b.Last < *next {
		*next = max(*next, b.Last+1)
		return true, nil
	}
	u.records, u.arenas[u.arena], err = b.Records(&u.inflate, u.arenas[u.arena])
	return true, err
}
