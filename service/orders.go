package service

import (
	"context"
	"slices"

	"muster/activation"
	"muster/lookup"
	"muster/sink"
)

// orders is the destinations of a service as the API sees them: as they stand
// in their files at the moment.
type orders struct {
	service *Service
	reader  *lookup.Reader
	store   *sink.Store
}

func (o *orders) configured() ([]activation.Destination, error) {
	if o.service.Destinations == nil {
		return nil, nil
	}
	return o.service.Destinations(o.service.rules.Current().Set)
}

// find returns the destination of a name.
func (o *orders) find(name string) (*activation.Destination, error) {
	configured, err := o.configured()
	if err == nil {
		err = lookup.UnknownDestination(name, configured)
	}
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(configured, func(d activation.Destination) bool { return d.Name == name })
	return &configured[at], nil
}

func (o *orders) ordering() Ordering { return Ordering{Store: o.store, Reader: o.reader} }

// Destinations implements api.Destinations.
func (o *orders) Destinations(ctx context.Context) ([]lookup.Destination, error) {
	configured, err := o.configured()
	if err != nil {
		return nil, err
	}
	list := make([]lookup.Destination, len(configured))
	for i := range configured {
		if list[i], err = o.reader.Destination(ctx, &configured[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Pause implements api.Destinations.
func (o *orders) Pause(ctx context.Context, name, reason string) error {
	return o.set(ctx, name, string(activation.Paused), reason)
}

// Resume implements api.Destinations.
func (o *orders) Resume(ctx context.Context, name string) error { return o.set(ctx, name, "", "") }

func (o *orders) set(ctx context.Context, name, state, reason string) error {
	if _, err := o.find(name); err != nil {
		return err
	}
	return o.store.SetDestinationState(ctx, name, state, reason)
}

// Destination implements api.Delivery.
func (o *orders) Destination(ctx context.Context, name string) (lookup.Destination, error) {
	d, err := o.find(name)
	if err != nil {
		return lookup.Destination{}, err
	}
	return o.reader.Destination(ctx, d)
}

// Reconcile implements api.Sending.
func (o *orders) Reconcile(ctx context.Context, name string) (*lookup.Reconcile, error) {
	if _, err := o.find(name); err != nil {
		return nil, err
	}
	line, err := o.ordering().Reconcile(ctx, name)
	return &line, err
}

// Replay implements api.Sending.
func (o *orders) Replay(ctx context.Context, name string, since lookup.Instant) (*lookup.Replay, error) {
	d, err := o.find(name)
	if err != nil {
		return nil, err
	}
	return o.ordering().Replay(ctx, d, since)
}

// Try implements api.Sending.
func (o *orders) Try(ctx context.Context, name string) (*lookup.Trial, error) {
	d, err := o.find(name)
	if err != nil {
		return nil, err
	}
	origin := Origin{Config: &o.service.config, Agent: o.service.Agent}
	return origin.Try(ctx, d)
}

// DeadLetters implements api.Delivery.
func (o *orders) DeadLetters(ctx context.Context, name, profile, cursor string, limit int, fn func(*lookup.DeadLetter) error) (string, error) {
	if _, err := o.find(name); err != nil {
		return "", err
	}
	return o.reader.DeadLetters(ctx, name, profile, cursor, limit, fn)
}

// Resend implements api.Delivery.
func (o *orders) Resend(ctx context.Context, name, profile string) (int, error) {
	d, err := o.find(name)
	if err != nil {
		return 0, err
	}
	return o.ordering().Resend(ctx, d, profile)
}
