package stack

import (
	"context"
	"errors"
	"net"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// patient sends a request again that kafka-go has not sent: while it asks a
// broker for the first time who there is, which takes long on a busy machine,
// it says of every broker that it is not available.
type patient struct{ kafkago.RoundTripper }

// RoundTrip implements kafkago.RoundTripper.
func (p patient) RoundTrip(ctx context.Context, address net.Addr, request kafkago.Request) (kafkago.Response, error) {
	for {
		response, err := p.RoundTripper.RoundTrip(ctx, address, request)
		if !errors.Is(err, kafkago.BrokerNotAvailable) {
			return response, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(20 * time.Millisecond):
		}
	}
}
