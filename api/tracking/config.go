package tracking

import (
	"errors"
	"fmt"
	"time"
)

// Config is the section tracking of the configuration file. Start from Default.
type Config struct {
	// Topic is where events go: one of kafka's sources, or its keyed topic.
	// Default "": the first of the sources, or the keyed topic if there are
	// none.
	Topic string `yaml:"topic"`
	// MaxEvent is how large an event may be, with what it has from its batch, in
	// bytes. 1,024 to 921,600; default 32,768 (32 KB), as at Segment.
	MaxEvent int `yaml:"max_event"`
	// MaxBatch is how large the body of a batch may be, once it is unpacked, in
	// bytes. MaxEvent to 1,048,576; default 512,000 (500 KB), as at Segment.
	MaxBatch int `yaml:"max_batch"`
	// MaxEvents is how many events a batch may have. 1 to 100,000; default
	// 2,500, as at Segment.
	MaxEvents int `yaml:"max_events"`
	// InFlight bounds the bodies of all requests that are not answered yet, in
	// bytes once they are unpacked. Memory is about three times that, and at
	// most six times. What comes beyond is answered with 429. MaxBatch to
	// 1,073,741,824; default 33,554,432 (32 MB).
	InFlight int `yaml:"in_flight"`
	// ReadTimeout is how long a client may take to send a body. 100 ms to 10
	// min; default 10 s.
	ReadTimeout time.Duration `yaml:"read_timeout"`
	// AckTimeout is how long a request waits for Kafka before it is answered
	// with 503. Keep it below what clients wait for an answer, as they would
	// otherwise not learn it: 10 s in Node, 15 s in Python. 100 ms to 10 min;
	// default 8 s.
	AckTimeout time.Duration `yaml:"ack_timeout"`
}

// Default returns the documented defaults.
func Default() Config {
	return Config{
		MaxEvent: 32 << 10, MaxBatch: 500 << 10, MaxEvents: 2500, InFlight: 32 << 20,
		ReadTimeout: 10 * time.Second, AckTimeout: 8 * time.Second,
	}
}

// Validate returns everything that is wrong, joined, in the order of the fields.
func (c Config) Validate() error {
	return errors.Join(
		within("max_event", c.MaxEvent, 1<<10, 900<<10),
		within("max_batch", c.MaxBatch, c.MaxEvent, 1<<20),
		within("max_events", c.MaxEvents, 1, 100_000),
		within("in_flight", c.InFlight, c.MaxBatch, 1<<30),
		within("read_timeout", c.ReadTimeout, 100*time.Millisecond, 10*time.Minute),
		within("ack_timeout", c.AckTimeout, 100*time.Millisecond, 10*time.Minute),
	)
}

func within[T int | time.Duration](field string, value, low, high T) error {
	if value < low || value > high {
		return fmt.Errorf("%s: %v is not within %v and %v", field, value, low, high)
	}
	return nil
}
