package stream

import (
	"errors"
	"fmt"
)

// IsFatal reports whether err, or an error it wraps, says of itself by a
// method Fatal() bool that trying again can't help. GapError and
// CorruptError do; an owner's errors may.
func IsFatal(err error) bool {
	var f interface{ Fatal() bool }
	return errors.As(err, &f) && f.Fatal()
}

// GapError is returned by Fetch when the log does not hold the offset asked
// for, or is not the one that was read up to there. Nothing is skipped: an
// operator must decide.
type GapError struct {
	Topic     string
	Partition int
	Asked     int64 // offset asked for
	First     int64 // first offset the log holds
	Last      int64 // offset the next record will get
	Anew      bool  // it is another topic of that name: nothing of it was read
	Cut       bool  // the record before Asked is another one: the log lost its end and has grown again
}

// goesOn is the offset to go on from behind the gap. It is such that nothing
// is read twice.
func (e *GapError) goesOn() int64 {
	switch {
	case e.Anew, e.Asked < e.First:
		return e.First
	case e.Asked > e.Last:
		return e.Last
	}
	return e.Asked
}

// Error names the offsets and says what can be done.
func (e *GapError) Error() string {
	where := fmt.Sprintf("topic %s partition %d: offset %d was asked for but the log holds %d up to %d",
		e.Topic, e.Partition, e.Asked, e.First, e.Last)
	switch {
	case e.Anew:
		return fmt.Sprintf("%s of a topic that was made anew: what the one before still held is lost; "+
			"restore the log, or go on at %d with evaluator run --accept-gaps", where, e.goesOn())
	case e.Cut && e.goesOn() == e.Asked:
		return fmt.Sprintf("%s and another record before it than was read: the topic lost its end, or was made anew, and has "+
			"grown since; restore the log, or accept the loss and go on at %d with evaluator run --accept-gaps", where, e.goesOn())
	case e.Asked < e.First:
		return fmt.Sprintf("%s: %d offsets are lost, the topic's retention is shorter than the delay; "+
			"restore the log, or accept the loss and go on at %d with evaluator run --accept-gaps", where, e.First-e.Asked, e.First)
	}
	return fmt.Sprintf("%s: the topic was made anew or lost its end; "+
		"restore the log, or go on at its end with evaluator run --accept-gaps", where)
}

// Fatal is true: the log does not come back by itself.
func (e *GapError) Fatal() bool { return true }

// CorruptError is returned by Fetch when the broker sent, several times
// over, a batch that can't be read.
type CorruptError struct {
	Topic     string
	Partition int
	Offset    int64 // of the first record that can't be read
	Err       error
}

// Error names the offset and says what can be done.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("topic %s partition %d: the batch with offset %d can't be read, "+
		"repair the log or set the stored offset behind that batch: %v", e.Topic, e.Partition, e.Offset, e.Err)
}

// Unwrap returns what was wrong with the batch.
func (e *CorruptError) Unwrap() error { return e.Err }

// Fatal is true: the same bytes would come again.
func (e *CorruptError) Fatal() bool { return true }
