package activation

import (
	"context"
	"strings"
	"time"
)

// Message is what one attempt sends.
type Message struct {
	// ID is that of the same changes at each attempt, and of no others.
	ID string
	// Changes are what the message tells, in order, for a Sender that sends each
	// by itself.
	Changes []Change
	// Body is the text that the format of the destination makes of the changes;
	// in Kafka, where each change has a body of its own, it is empty.
	Body []byte
	// ContentType is the media type of Body.
	ContentType string
}

// Verdict is what an answer of a destination means for a message.
type Verdict int

// The verdicts. The zero Verdict is none of them.
const (
	// Delivered means that the destination has taken the message.
	Delivered Verdict = iota + 1
	// Deferred means that the message may be taken later.
	Deferred
	// Refused means that this message will never be taken.
	Refused
	// Gone means that the destination wants no messages any more.
	Gone
)

// verdicts are the words for verdicts, in metrics, logs and documents.
var verdicts = [...]string{Delivered: "delivered", Deferred: "deferred", Refused: "refused", Gone: "gone"}

// String returns the word for a verdict, "" for what is none.
func (v Verdict) String() string {
	if v < 0 || int(v) >= len(verdicts) {
		return ""
	}
	return verdicts[v]
}

// Answer is what came of one attempt.
type Answer struct {
	Verdict Verdict
	// Status is the status that was answered, 0 when there was no answer.
	Status int
	// Reason says in a few words why the message was not taken, "" when it was.
	Reason string
	// After is how long the destination asks to be left alone, 0 when it does
	// not say; at most MaxAfter.
	After time.Duration
	// Took is how long the attempt took.
	Took time.Duration
}

// MaxAfter bounds what a destination may ask for by Retry-After.
const MaxAfter = 24 * time.Hour

// Sender sends messages to one destination. It is safe for concurrent use.
type Sender interface {
	// Send makes one attempt. It returns within the destination's timeout, and
	// has no error: whatever happens is an Answer.
	Send(ctx context.Context, m Message) Answer
}

// Sample returns a message as the destination gets them, of a change that
// never was: of profile muster-test, with version 0. In Kafka it is an exit,
// which leaves no member behind.
func (d *Destination) Sample(at time.Time) (Message, error) {
	segment := "muster-test"
	for _, s := range d.Segments {
		if s != everySegment && !strings.ContainsAny(s, `*?[\`) {
			segment = s
			break
		}
	}
	traits := ""
	if len(d.Traits) > 0 {
		traits = "{}"
	}
	return d.Message([]Change{{Traits: traits, Profile: "muster-test", Segment: segment, Entered: d.Kafka == nil, At: at.UnixMilli(), Cause: "test"}})
}
