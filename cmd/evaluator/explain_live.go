package main

import (
	"context"
	"fmt"
	"net/url"

	"muster/lookup"
	"muster/service"
)

// live explains for a profile that Redis has.
func (cmd *explainCommand) live(c console) error {
	if cmd.Server != "" {
		return withServer(cmd.Server, func(ctx context.Context, s *server) error { return cmd.ask(ctx, c, s) })
	}
	return withReader(c, cmd.Config, func(ctx context.Context, r *reader) error { return cmd.explainStored(ctx, c, r) })
}

// ask has the API explain.
func (cmd *explainCommand) ask(ctx context.Context, c console, s *server) error {
	query := url.Values{"segment": {cmd.Segment}}
	if cmd.At != 0 {
		query.Set("at", cmd.At.String())
	}
	var x struct {
		lookup.Explained
		Warning string
	}
	if err := s.get(ctx, &x, query, "profiles", cmd.Live, "explain"); err != nil {
		return err
	}
	if x.Warning != "" {
		_, _ = fmt.Fprintf(c.err, "warning: %s\n", x.Warning)
	}
	return cmd.print(c, &x.Explained)
}

func (cmd *explainCommand) explainStored(ctx context.Context, c console, r *reader) error {
	set, where, err := r.rules(ctx, cmd.Segments)
	if err != nil {
		return err
	}
	r.set = set
	x, err := r.lookup.Explain(ctx, cmd.Live, cmd.Segment, int64(cmd.At))
	if err != nil {
		return service.Classify(err)
	}
	if x.Foreign {
		_, _ = fmt.Fprintf(c.err, "warning: the rules of %s are not those that shard %d goes by: "+
			"what only they ask for is not kept of the profile and shows as absent\n", where, x.Shard)
	}
	return cmd.print(c, x)
}
