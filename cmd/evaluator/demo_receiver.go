package main

import (
	"context"
	"time"

	"muster/activation"
	"muster/demo"
	"muster/rules"
)

// settling is how long the end of the demo waits for a flaky receiver, whose
// messages may wait for minutes.
const settling = 10 * time.Second

// mostUnsent is at how many changes that are not sent yet the traffic waits for
// a steady receiver. It is half of what the outbox of one shard keeps.
const mostUnsent = 5000

// producer returns what makes the traffic. A flaky receiver does not delay it:
// that is what the demo shows.
func (s *show) producer() *demo.Producer {
	flaky := s.command.Receiver == demo.Flaky
	p := &demo.Producer{
		Traffic: demo.NewTraffic(s.command.Seed), Tally: s.tally, Broker: s.servers.Broker,
		Events: s.command.Events, Rate: s.command.Rate, Unsent: mostUnsent,
	}
	if flaky {
		p.Unsent = 0
	}
	if p.Rate == 0 && (p.Events == 0 || flaky) {
		p.Rate = demoRate
	}
	return p
}

// delivered is what a demo's receiver has got.
type delivered struct {
	Sent    int     `json:"sent"`    // changes
	Retried int     `json:"retried"` // messages
	Waiting int64   `json:"waiting"` // messages, for another attempt
	P99     float64 `json:"p99_ms"`  // from evaluating a change to receiving it; of the first 10,000 that were not shown before
}

// destinations is where the demo's changes are sent.
func (s *show) destinations(set *rules.Set) ([]activation.Destination, error) {
	all := []activation.Destination{s.receiver.Destination()}
	return all, activation.Resolve(all, set.IDs())
}

// awaitDelivered waits until every change was sent and none waits, for a flaky
// receiver no longer than settling, or until ctx ends.
func (s *show) awaitDelivered(ctx context.Context) error {
	if s.command.Receiver == demo.Flaky {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, settling)
		defer cancel()
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		d, err := s.store.Deliveries(context.WithoutCancel(ctx), demo.ReceiverName)
		if err != nil || d.Behind == 0 && d.Waiting == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// delivered returns what the receiver has got.
func (s *show) delivered(ctx context.Context) (delivered, error) {
	d, err := s.store.Deliveries(ctx, demo.ReceiverName)
	if err != nil {
		return delivered{}, err
	}
	counts := s.tally.Counts()
	return delivered{
		Sent: counts.Sent, Retried: counts.Retried, Waiting: d.Waiting,
		P99: float64(s.tally.Delays().Delivered.Microseconds()) / 1000,
	}, nil
}
