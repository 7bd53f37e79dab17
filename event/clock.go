package event

import "github.com/valyala/fastjson"

// maxAhead is how far arrival may be ahead of the wall clock before it is
// clamped, in milliseconds. The record's own timestamp is no help here: with
// CreateTime it is the producer's.
const maxAhead = 5 * 60 * 1000

// clock is what is known about time beside the record's own text, in
// milliseconds since 1970 UTC; 0 is unknown.
type clock struct {
	record int64 // the broker's timestamp of the record
	wall   int64
}

// Arrived returns when a record arrived that says nothing of it itself: the
// broker's timestamp, clamped to the wall clock as arrivals are. Both are ms
// since 1970 UTC, 0 for unknown.
func Arrived(record, wall int64) int64 {
	if wall > 0 && record > wall+maxAhead {
		return wall
	}
	return record
}

// times fills in an event's Time, Arrival, Clamped and StoodIn. Only of an
// arrival that can't be used nothing else can stand in the place.
func (d *Decoder) times(e *Event, at clock) error {
	received, err := d.readTime("receivedAt", d.call.receivedAt)
	if err != nil {
		return err
	}
	if received == absent && at.record > 0 {
		received = at.record
	}
	own, misread := d.ownTime(received)
	e.StoodIn = misread
	switch {
	case received != absent:
		e.Arrival = received
	case own != absent:
		e.Arrival = own
	default:
		return d.timeless()
	}
	if at.wall > 0 && e.Arrival > at.wall+maxAhead {
		e.Arrival = at.wall
		e.Clamped |= ClampedArrival
	}
	e.Time = own
	if own == absent {
		e.Time = e.Arrival
	}
	if e.Time > e.Arrival {
		e.Time = e.Arrival
		e.Clamped |= ClampedTime
	}
	return nil
}

// timeless says why an event has no time at all.
func (d *Decoder) timeless() error {
	if _, err := d.readTime("timestamp", d.call.timestamp); err != nil {
		return also(err, "there is neither a receivedAt nor the record's own time")
	}
	return reject("timestamp", "absent, and so are receivedAt and the record's own time")
}

// ownTime returns the time that a call gives itself, or absent, and whether
// it has a timestamp that can't be used. Without a good one that is when the
// client's clock saw it, corrected by how far that clock was off when the
// client sent it.
func (d *Decoder) ownTime(received int64) (own int64, misread bool) {
	c := &d.call
	own = d.usableTime(c.timestamp)
	if own != absent {
		return own, false
	}
	misread = c.timestamp != nil
	sent, original := d.usableTime(c.sentAt), d.usableTime(c.originalTimestamp)
	if received == absent || sent == absent || original == absent {
		return absent, misread
	}
	return max(absent, received-(sent-original)), misread
}

// usableTime returns a time from 1970 on, or absent. It makes no error: a
// client with a wrong clock sends nothing else.
func (d *Decoder) usableTime(v *fastjson.Value) int64 {
	if v == nil {
		return absent
	}
	ms, ok := d.time(v)
	if !ok || ms < 0 {
		return absent
	}
	return ms
}
