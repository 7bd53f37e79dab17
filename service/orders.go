package service

import (
	"context"

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
	configured, err := o.configured()
	if err == nil {
		err = lookup.UnknownDestination(name, configured)
	}
	if err != nil {
		return err
	}
	return o.store.SetDestinationState(ctx, name, state, reason)
}
