package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"

	"muster/pipeline"
	"muster/stream/internal/wire"
)

// knownFor is how long after an answer a log is taken for the one it was. A
// topic that is made anew meanwhile has broken the connection, or had nobody
// ask for it; to delete one, make it again and fill it takes longer than this.
const knownFor = time.Second

// identify makes sure that the log is the one that the anchor is of, with a
// record before the offset to ask for that is still the same, or else returns
// a *GapError. An anchor that knows nothing is taken from what the log holds.
//
// Another id with the same record is a log that was brought back, from a
// backup or a mirror. A record that is gone, by retention or compaction, tells
// nothing, and then the id counts alone.
func (s *source) identify(ctx context.Context) error {
	id, err := s.conn.TopicID(ctx, s.topic)
	if err != nil {
		return fmt.Errorf("asking for the topic's id: %w", err)
	}
	found := recordUntold
	if s.anchor.Sum != 0 {
		if found, _, err = s.lookAt(ctx, s.anchor.Offset); err != nil {
			return err
		}
	}
	anew := s.anchor.Topic != "" && id != "" && id != s.anchor.Topic
	read := s.next > 0 || s.forgotten
	if read && found != recordSame && (anew || found == recordOther) {
		return s.otherLog(ctx, id, anew)
	}
	s.anchor.Topic = id
	if s.anchor.Sum == 0 && s.next > 0 {
		if _, s.anchor, err = s.lookAt(ctx, s.next-1); err != nil {
			return err
		}
		s.anchor.Topic = id
	}
	s.known, s.forgotten = true, false
	return nil
}

// otherLog returns the gap between the log that was read and another one of
// the same name.
func (s *source) otherLog(ctx context.Context, id string, anew bool) error {
	first, last, err := s.cluster.bounds(ctx, s.topic, s.partition)
	if err != nil {
		return err
	}
	asked := s.next
	if s.forgotten {
		asked, anew = s.anchor.Offset+1, true
	}
	s.id = id
	return &GapError{Topic: s.topic, Partition: s.partition, Asked: asked, First: first, Last: last, Anew: anew, Cut: !anew}
}

// recordFound is what a log says of a record that was read before.
type recordFound int

const (
	recordUntold recordFound = iota // the log does not reach there, or holds nothing there any more
	recordSame
	recordOther // another record, or none that anybody can have read
)

// lookAt compares what the log holds at an offset with the anchor. It returns
// the anchor of what is there, zero for no record.
func (s *source) lookAt(ctx context.Context, offset int64) (recordFound, pipeline.Anchor, error) {
	res, _, err := s.conn.Fetch(ctx, wire.Ask{Topic: s.topic, Partition: s.partition, Offset: offset, MinBytes: 1, MaxBytes: 1}, nil)
	switch {
	case err != nil:
		return recordUntold, pipeline.Anchor{}, err
	case errors.Is(res.Code, kafka.OffsetOutOfRange):
		return recordUntold, pipeline.Anchor{}, nil
	case res.Code != 0:
		return recordUntold, pipeline.Anchor{}, fmt.Errorf("fetching offset %d: %w", offset, res.Code)
	}
	r, void, err := recordAt(&res, offset)
	switch {
	case err != nil:
		return recordUntold, pipeline.Anchor{}, fmt.Errorf("looking at offset %d: %w", offset, err)
	case void:
		return recordOther, pipeline.Anchor{}, nil
	case r == nil:
		return recordUntold, pipeline.Anchor{}, nil
	}
	there := pipeline.AnchorAt(s.anchor.Topic, r)
	if there.Sum == s.anchor.Sum {
		return recordSame, there, nil
	}
	return recordOther, there, nil
}

// recordAt returns the record at an offset of an answer, nil for none. Void
// says that there is a marker or an aborted record in its place.
func recordAt(res *wire.Response, offset int64) (record *pipeline.Record, void bool, err error) {
	var aborts wire.Aborts
	aborts.Reset(res.Aborted)
	for rest := res.Batches; len(rest) > 0; {
		var b wire.Batch
		if b, rest, err = wire.NextBatch(rest); err != nil {
			return nil, false, err
		}
		void := aborts.Void(&b)
		switch {
		case b.Last < offset:
			continue
		case b.Base > offset: // compaction removed it
			return nil, false, nil
		case void:
			return nil, true, nil
		}
		record, err := recordIn(&b, offset)
		return record, false, err
	}
	return nil, false, nil
}

func recordIn(b *wire.Batch, offset int64) (*pipeline.Record, error) {
	var inflate wire.Inflater
	records, _, err := b.Records(&inflate, nil)
	for err == nil && records.Len() > 0 {
		var r wire.Record
		if r, err = records.Next(); err == nil && r.Offset == offset {
			found := pipeline.Record(r)
			return &found, nil
		}
	}
	return nil, err
}
