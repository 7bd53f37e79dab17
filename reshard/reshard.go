package reshard

import (
	"context"
	"errors"

	"muster/config"
	"muster/service"
	"muster/sink"
	"muster/stream"
)

// Request says what to do: with DryRun, Abandon and DropOld something else
// than a reshard to a number of shards.
type Request struct {
	Shards      int    // to have, at least 1; 0 with Abandon and DropOld
	Keyed       string // name of the new keyed topic; "" for the present one's, a hyphen and the number
	Replication int    // of topics that are created; 0 for as the present keyed topic has it
	DryRun      bool   // changes nothing
	Abandon     bool   // gives up a reshard that is under way
	DropOld     bool   // removes what the last reshard has left of the old shards
	// Progress is told now and then how far it is, on the caller's goroutine.
	// Default: nobody.
	Progress func(sink.Progress)
}

// Do does what is asked for. The configuration is that of the present layout.
// Of an error that running it again can't mend Settled is true, or it is a
// *service.UnusableError.
func Do(ctx context.Context, cfg config.Config, store *sink.Store, r Request) (*Outcome, error) {
	if r.Progress == nil {
		r.Progress = func(sink.Progress) {}
	}
	layouts, err := store.Layouts(ctx)
	if err != nil {
		return nil, service.Classify(err)
	}
	one := &resharding{request: r, config: cfg, store: store, layouts: layouts}
	return one.do(ctx)
}

// resharding is one Do.
type resharding struct {
	request Request
	config  config.Config
	store   *sink.Store
	layouts sink.Layouts
}

func (r *resharding) do(ctx context.Context) (*Outcome, error) {
	current := r.layouts.Current
	switch {
	case r.request.Abandon:
		stays, err := r.store.Abandon(ctx, r.request.Progress)
		if errors.Is(err, sink.ErrNothing) {
			return &Outcome{State: Nothing, To: current}, nil
		}
		return &Outcome{State: Abandoned, To: stays}, err
	case r.request.DropOld:
		old, err := r.store.DropOld(ctx, r.request.Progress)
		if errors.Is(err, sink.ErrNothing) {
			return &Outcome{State: Nothing, To: current}, nil
		}
		return &Outcome{State: Dropped, From: &old, To: current}, err
	case r.layouts.Next == nil && current.Shards == r.request.Shards:
		return &Outcome{State: Nothing, To: current}, nil
	}
	cluster, err := stream.Connect(r.config.Kafka, nil)
	if err != nil {
		return nil, &settledError{err}
	}
	defer cluster.Close()
	return r.reshard(ctx, cluster)
}
