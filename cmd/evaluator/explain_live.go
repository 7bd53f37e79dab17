package main

import (
	"context"
	"fmt"

	"muster/service"
)

// live explains for a profile that Redis has.
func (cmd *explainCommand) live(c console) error {
	return withReader(c, cmd.Config, func(ctx context.Context, r *reader) error { return cmd.explainStored(ctx, c, r) })
}

func (cmd *explainCommand) explainStored(ctx context.Context, c console, r *reader) error {
	if cmd.Segments == "" {
		cmd.Segments = r.config.Segments.Path
	}
	set, err := loadSegments(cmd.Segments)
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
			"what only they ask for is not kept of the profile and shows as absent\n", cmd.Segments, x.Shard)
	}
	return cmd.print(c, x)
}
