package demo

import (
	"fmt"
	"time"
)

// call is a call of the Segment spec as the shop sends it.
type call struct {
	Type        string         `json:"type"`
	MessageID   string         `json:"messageId,omitempty"`
	UserID      string         `json:"userId,omitempty"`
	AnonymousID string         `json:"anonymousId,omitempty"`
	Event       string         `json:"event,omitempty"`
	Properties  map[string]any `json:"properties,omitempty"`
	Traits      map[string]any `json:"traits,omitempty"`
	Timestamp   string         `json:"timestamp"`
	ReceivedAt  string         `json:"receivedAt"`
}

const timeLayout = "2006-01-02T15:04:05.000Z"

// call makes the next call of some customer.
func (t *Traffic) call() *call {
	number := t.pick()
	c := &call{
		Timestamp:  t.now.Add(-t.lateness()).Format(timeLayout),
		ReceivedAt: t.now.Format(timeLayout),
	}
	if number%12 == 5 { // never says who it is
		c.AnonymousID = fmt.Sprintf("visitor-%04d", number)
	} else {
		c.UserID = fmt.Sprintf("customer-%04d", number)
	}
	if !t.chance(bareIDPermille) {
		c.MessageID = fmt.Sprintf("message-%08d", t.made)
	}
	t.customers[number].act(t, number, c)
	return c
}

// spoil makes of a call one of the mistakes that real producers make.
func (t *Traffic) spoil(c *call, value []byte) []byte {
	switch t.r.IntN(5) {
	case 0:
		return value[:len(value)/2]
	case 1:
		return []byte(fmt.Sprintf(`{"type":"track","event":"Order Completed","timestamp":%q}`, c.Timestamp))
	case 2:
		return []byte(fmt.Sprintf(`{"type":"track","event":"Order Completed","userId":%q,"receivedAt":"soon"}`, c.UserID))
	case 3:
		return []byte(fmt.Sprintf(`{"type":"purchase","userId":"customer-0001","timestamp":%q}`, c.Timestamp))
	}
	return []byte(fmt.Sprintf("%s customer-0001 bought something", t.now.Format(time.Stamp)))
}
