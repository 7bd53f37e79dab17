package activation

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Circuit is what a process says of its breaker for a destination. It is
// stored with each shard of the process, and only when it has changed.
type Circuit struct {
	// Open says that the destination is left alone, until Probe at least.
	Open bool `json:"open"`
	// Since is when it opened, or when it closed; 0 when it never opened. Ms
	// since 1970 UTC.
	Since int64 `json:"since"`
	// Probe is when the next attempt may be made, ms since 1970 UTC; 0 while
	// closed.
	Probe int64 `json:"probe,omitempty"`
	// Reason is why the last attempt failed that opened it or kept it open, at
	// most 400 bytes.
	Reason string `json:"reason,omitempty"`
}

// CircuitState is what a breaker does with attempts.
type CircuitState string

// The states of a breaker, from the best to the worst.
const (
	Closed   CircuitState = "closed"    // lets them through
	HalfOpen CircuitState = "half-open" // lets one through, or waits for what comes of it
	Opened   CircuitState = "open"      // lets none through
)

// State returns the state of a breaker at an instant.
func (c Circuit) State(at time.Time) CircuitState {
	switch {
	case !c.Open:
		return Closed
	case at.UnixMilli() >= c.Probe:
		return HalfOpen
	}
	return Opened
}

// encode returns the form that is stored, "" for a breaker that never opened.
func (c Circuit) encode() (string, error) {
	if c == (Circuit{}) {
		return "", nil
	}
	text, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("encoding the state of a breaker: %w", err)
	}
	return string(text), nil
}

// DecodeCircuit reads what Step.Breaker has stored.
func DecodeCircuit(text string) (c Circuit, err error) {
	if text == "" {
		return c, nil
	}
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return Circuit{}, fmt.Errorf("decoding the state of a breaker: %w", err)
	}
	return c, nil
}

// claimBreaker finds out whether what is stored of the breaker is true. The
// owner before may have had another one.
func (c *courier) claimBreaker() error {
	circuit, edition := c.breaker.shown()
	text, err := circuit.encode()
	if c.shown = edition; text != c.standing.Breaker {
		c.shown = -1
	}
	return err
}

// report stores what is shown of the breaker, if that has changed.
func (c *courier) report(ctx context.Context) error {
	circuit, edition := c.breaker.shown()
	if edition == c.shown {
		return nil
	}
	text, err := circuit.encode()
	if err != nil {
		return err
	}
	if err := c.ledger.Save(ctx, Step{Standing: c.standing, Breaker: &text}); err != nil {
		return fmt.Errorf("saving the state of the breaker: %w", err)
	}
	c.shown = edition
	return nil
}
