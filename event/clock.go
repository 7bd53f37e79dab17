package event

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

// times fills in an event's Time, Arrival and Clamped.
func (e *Event) times(c *call, at clock) error {
	received, err := readTime("receivedAt", c.receivedAt)
	if err != nil {
		return err
	}
	own, err := c.ownTime(received)
	if err != nil {
		return err
	}
	switch {
	case received != absent:
		e.Arrival = received
	case at.record > 0:
		e.Arrival = at.record
	case own != absent:
		e.Arrival = own
	default:
		return reject("timestamp", "absent, and so are receivedAt and the record's own time")
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

// ownTime returns the time that a call gives itself, or absent. Without a
// timestamp that is when the client's clock saw it, corrected by how far
// that clock was off when the client sent it.
func (c *call) ownTime(received int64) (int64, error) {
	if c.timestamp != nil {
		return readTime("timestamp", c.timestamp)
	}
	sent, err := readTime("sentAt", c.sentAt)
	if err != nil {
		return 0, err
	}
	original, err := readTime("originalTimestamp", c.originalTimestamp)
	if err != nil {
		return 0, err
	}
	if received == absent || sent == absent || original == absent {
		return absent, nil
	}
	own := received - (sent - original)
	if own < 0 {
		return 0, reject("originalTimestamp", "receivedAt - (sentAt - originalTimestamp) is before 1970")
	}
	return own, nil
}
