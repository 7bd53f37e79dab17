package retail

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"
)

// Record is one event as it is produced.
type Record struct {
	Invoice string // which the shop would key its topic by
	// Value is a call of the Segment spec. It says itself when it arrived, as
	// a broker would soon delete records with timestamps of 2010.
	Value []byte
}

// call is the JSON of an event.
type call struct {
	Type        string      `json:"type"`
	Event       string      `json:"event,omitempty"`
	UserID      string      `json:"userId,omitempty"`
	AnonymousID string      `json:"anonymousId,omitempty"`
	MessageID   string      `json:"messageId"`
	Timestamp   string      `json:"timestamp"`
	ReceivedAt  string      `json:"receivedAt"`
	Properties  *properties `json:"properties,omitempty"`
	Traits      *traits     `json:"traits,omitempty"`
}

type properties struct {
	SKU         string  `json:"sku"`
	Description string  `json:"description,omitempty"`
	Quantity    int     `json:"quantity"`
	Price       float64 `json:"price"`
	Revenue     float64 `json:"revenue"`
}

type traits struct {
	Country string `json:"country"`
}

// Each visits the events of a CSV file of order lines, in its order.
func Each(csv io.Reader, visit func(Record) error) error {
	lines, err := newReader(csv)
	if err != nil {
		return err
	}
	countries := map[string]string{}
	for {
		l, err := lines.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if l.customer != "" && countries[l.customer] != l.country {
			countries[l.customer] = l.country
			if err := emit(&l, identify(&l), visit); err != nil {
				return err
			}
		}
		if err := emit(&l, track(&l), visit); err != nil {
			return err
		}
	}
}

func emit(l *line, c call, visit func(Record) error) error {
	value, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("writing %s: %w", c.MessageID, err)
	}
	return visit(Record{Invoice: l.invoice, Value: value})
}

func track(l *line) call {
	c := start(l, "track", strconv.Itoa(l.number))
	c.Event = "Product Purchased"
	if l.returned() {
		c.Event = "Product Returned"
	}
	c.Properties = &properties{
		SKU: l.sku, Description: l.description, Quantity: l.quantity, Price: l.price,
		Revenue: math.Round(float64(l.quantity)*l.price*1000) / 1000, // prices have up to three decimals
	}
	return c
}

func identify(l *line) call {
	c := start(l, "identify", "country-"+strconv.Itoa(l.number))
	c.Traits = &traits{Country: l.country}
	return c
}

// start fills in what all calls of a line have.
func start(l *line, kind, suffix string) call {
	at := l.at.Format(time.RFC3339)
	c := call{Type: kind, UserID: l.customer, MessageID: l.invoice + "-" + suffix, Timestamp: at, ReceivedAt: at}
	if l.customer == "" {
		c.AnonymousID = "invoice-" + l.invoice
	}
	return c
}
