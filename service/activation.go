package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"muster/activation"
	"muster/pipeline"
	"muster/sink"
)

// activate has what owns a shard also deliver the shard's changes to the
// service's destinations, and complete erasures of its profiles. It returns the new owner, and what takes over
// changes of the destinations until its context ends.
func (s *Service) activate(
	ctx context.Context, own Owner, store *sink.Store, worker *pipeline.Worker, shards int,
) (Owner, func(context.Context), error) {
	if s.Destinations == nil {
		return s.erasing(own, store, func() []string { return nil }), func(context.Context) {}, nil
	}
	destinations, err := s.Destinations(s.rules.Current().Set)
	if err != nil {
		return nil, nil, unusable(err)
	}
	origin := &Origin{Config: &s.config, Agent: s.Agent, Shards: shards}
	err = s.await(ctx, redisPart, waitingMends, func() (err error) {
		origin.ID, err = store.Identity(ctx)
		return err
	})
	if err != nil {
		return nil, nil, Classify(err)
	}
	lines, err := s.lines(origin, destinations)
	if err != nil {
		return nil, nil, unusable(err)
	}
	keep := sink.LogBound{Entries: int64(s.config.Destinations.LogEntries), Age: s.config.Destinations.LogAge}
	a := activation.New(lines, control{store},
		func(shard int) activation.Outbox { return outbox{store, shard} },
		func(shard int, destination string) activation.Ledger {
			return ledger{store.Ledger(shard, destination), keep}
		},
		s.watch.Activation())
	a.Shards = shards
	a.Members = func(shard int) activation.Members { return &members{store: store, shard: shard} }
	a.Profiles = func(shard int) activation.Profiles { return profiles{store, shard} }
	worker.Observer = waking(worker.Observer, a)
	return delivering(a, s.erasing(own, store, a.Names)), func(ctx context.Context) { s.keepDestinations(ctx, a, origin, destinations) }, nil
}

// lines makes what sends to destinations.
func (s *Service) lines(origin *Origin, destinations []activation.Destination) ([]activation.Line, error) {
	lines := make([]activation.Line, len(destinations))
	for i, d := range destinations {
		sender, err := origin.Sender(&d)
		if err != nil {
			return nil, err
		}
		lines[i] = activation.Line{Destination: d, Wants: d.Wants, Encode: d.Message, Sender: sender, Log: s.config.Destinations.LogEntries > 0}
	}
	return lines, nil
}

// keepDestinations takes over changes of the destinations until ctx ends.
// Those with a mistake are told of, and the ones before stay.
func (s *Service) keepDestinations(ctx context.Context, a *activation.Activator, origin *Origin, before []activation.Destination) {
	if s.config.Segments.Reload == 0 {
		return
	}
	tick := time.NewTicker(s.config.Segments.Reload)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now, err := s.Destinations(s.rules.Current().Set)
		if err == nil && activation.Same(now, before) {
			s.watch.DestinationsFine()
			continue
		}
		var lines []activation.Line
		if err == nil {
			lines, err = s.lines(origin, now)
		}
		if err != nil {
			s.watch.DestinationsRefused(err)
			continue
		}
		a.Swap(lines)
		before = now
		s.watch.DestinationsTaken(len(now))
	}
}

// delivering has what owns a shard also deliver the shard's changes, for as
// long as it owns it. Deliveries never end ownership: what fails with them is
// told, and tried again.
func delivering(a *activation.Activator, own Owner) Owner {
	return func(ctx context.Context, partition int) error {
		a.Begin(ctx, partition)
		delivering, stop := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			a.Run(delivering, partition)
		}()
		defer func() {
			stop()
			<-ended
		}()
		return own(ctx, partition)
	}
}

// waking returns an observer that also wakes the deliveries of a shard after
// each commit of it.
func waking(o pipeline.Observer, a *activation.Activator) pipeline.Observer {
	committed := o.Committed
	o.Committed = func(shard int, b pipeline.BatchStats) {
		if committed != nil {
			committed(shard, b)
		}
		a.Wake(shard)
	}
	return o
}

// outbox is the outbox of a shard as activation sees it.
type outbox struct {
	store *sink.Store
	shard int
}

// Changes implements activation.Outbox.
func (o outbox) Changes(ctx context.Context, behind string, most int) ([]activation.Change, error) {
	entries, err := o.store.Outbox(ctx, o.shard, behind, int64(most))
	if err != nil {
		return nil, err
	}
	changes := make([]activation.Change, len(entries))
	for i := range entries {
		c := &entries[i].Change
		changes[i] = activation.Change{
			Entry: entries[i].ID, Number: entries[i].Number(), Profile: c.Profile, Segment: c.Segment, Entered: c.Entered,
			At: c.At, Version: c.Version, Cause: string(c.Cause), Run: c.Run,
		}
	}
	return changes, nil
}

// ledger is a ledger as activation sees it.
type ledger struct {
	*sink.Ledger
	keep sink.LogBound
}

// Claim implements activation.Ledger.
func (l ledger) Claim(ctx context.Context) (activation.Standing, error) {
	s, err := l.Ledger.Claim(ctx)
	return activation.Standing(s), err
}

// Find implements activation.Ledger.
func (l ledger) Find(ctx context.Context, q activation.Question) (activation.Found, error) {
	a, err := l.Ledger.Find(ctx, sink.LedgerQuestion(q))
	if err != nil {
		return activation.Found{}, taken(err)
	}
	found := activation.Found{Due: make([]activation.Waiting, len(a.Due)), Held: a.Held, Waiting: a.Waiting, Behind: map[string][]activation.Waiting{}}
	for i := range a.Due {
		found.Due[i] = activation.Waiting(a.Due[i])
	}
	for _, m := range a.Numbered {
		found.Numbered = append(found.Numbered, activation.Waiting(m))
	}
	for profile, messages := range a.Behind {
		for _, m := range messages {
			found.Behind[profile] = append(found.Behind[profile], activation.Waiting(m))
		}
	}
	return found, nil
}

// Save implements activation.Ledger.
func (l ledger) Save(ctx context.Context, s activation.Step) error {
	return taken(l.Ledger.Save(ctx, sink.LedgerStep{
		Standing: sink.Standing(s.Standing), Wait: s.Wait, Due: s.Due, Held: s.Held, Dead: s.Dead, Log: s.Log, Keep: l.keep,
		Breaker: s.Breaker, Add: s.Add,
	}))
}

// taken is an error of a ledger as activation knows it.
func taken(err error) error {
	if errors.Is(err, sink.ErrClaimed) {
		return fmt.Errorf("%w: %w", activation.ErrTaken, err)
	}
	return err
}

// control is the states of destinations as activation sees them.
type control struct{ store *sink.Store }

// Orders implements activation.Control.
func (c control) Orders(ctx context.Context, destination string) (activation.Orders, error) {
	o, err := c.store.Orders(ctx, destination)
	if o.State == "" {
		o.State = string(activation.Active)
	}
	return activation.Orders{State: activation.State(o.State), Run: o.Run, Replay: o.Replay}, err
}

// Request implements activation.Control.
func (c control) Request(ctx context.Context, destination, run, instead string) error {
	_, err := c.store.SetDestinationRun(ctx, destination, run, instead)
	return err
}

// Disable implements activation.Control.
func (c control) Disable(ctx context.Context, destination, reason string) error {
	return c.store.SetDestinationState(ctx, destination, string(activation.Disabled), reason)
}
