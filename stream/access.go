package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"muster/credentials"
)

// refusedPause is how long no connection is opened after the brokers have
// refused to let this program in. kafka-go itself would try about twice a
// second, for ever, and brokers with a directory behind them lock an account
// after a few attempts.
const refusedPause = 10 * time.Second

// explain adds to an error what to do about who this program is or what it
// may do. Trying again may help, once somebody has done it. A refused
// password also shuts the door.
func (c *Cluster) explain(err error) error {
	user, way := "nobody (sasl.mechanism is not set)", ""
	if c.cfg.SASL.Mechanism != "" {
		user, way = fmt.Sprintf("user %q", c.cfg.SASL.Username), " with "+c.cfg.SASL.Mechanism
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, kafka.SASLAuthenticationFailed):
		c.door.shut(err)
		return fmt.Errorf("signing in to kafka as %s%s: check sasl.username, sasl.mechanism and the password: %w", user, way, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF): // some brokers do no more about a user they refuse
		return fmt.Errorf("kafka hung up on %s%s: check sasl.username, sasl.mechanism and the password if it goes on doing so: %w", user, way, err)
	case errors.Is(err, kafka.UnsupportedSASLMechanism), errors.Is(err, kafka.IllegalSASLState):
		return fmt.Errorf("signing in to kafka as %s%s: set sasl.mechanism to one that the brokers offer on this port: %w", user, way, err)
	case errors.Is(err, kafka.TopicAuthorizationFailed), errors.Is(err, kafka.GroupAuthorizationFailed),
		errors.Is(err, kafka.ClusterAuthorizationFailed):
		return fmt.Errorf("kafka lets %s not do this: give it the permissions listed in docs/operations.md under Security: %w", user, err)
	}
	return err
}

// door keeps connections from being opened for a while. The zero door is open.
type door struct {
	mu     sync.Mutex
	opens  time.Time
	reason error
}

// shut shuts the door unless it already is, or unless the error only says so.
func (d *door) shut(reason error) {
	var waiting *shutError
	if errors.As(reason, &waiting) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if now := time.Now(); now.After(d.opens) {
		d.opens, d.reason = now.Add(refusedPause), reason
	}
}

func (d *door) check() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if time.Now().Before(d.opens) {
		return &shutError{d.opens, d.reason}
	}
	return nil
}

// through returns a dial that fails while the door is shut.
func (d *door) through(dial credentials.Dial) credentials.Dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if err := d.check(); err != nil {
			return nil, err
		}
		return dial(ctx, network, address)
	}
}

// shutError says that no connection was tried.
type shutError struct {
	until  time.Time
	reason error
}

// Error says until when, and why.
func (e *shutError) Error() string {
	return fmt.Sprintf("%v (not tried again before %s)", e.reason, e.until.Format(time.TimeOnly))
}

// Unwrap returns why.
func (e *shutError) Unwrap() error { return e.reason }
