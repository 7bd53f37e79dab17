package main

import (
	"context"
	"fmt"

	"muster/profile"
)

// live explains for a profile that Redis has.
func (cmd *explainCommand) live(c console) error {
	return withReader(c, cmd.Config, func(ctx context.Context, r *reader) error { return cmd.explainStored(ctx, c, r) })
}

func (cmd *explainCommand) explainStored(ctx context.Context, c console, r *reader) error {
	set, where, err := r.rules(ctx, cmd.Segments)
	if err != nil {
		return err
	}
	blob, seen, shard, err := r.stored(ctx, cmd.Live)
	if err != nil {
		return err
	}
	clock := seen.Clock
	if cmd.At != 0 {
		if clock = int64(cmd.At); clock < seen.Clock {
			return unusable(fmt.Errorf("--at is %s, but shard %d is at %s already, and what was before is not kept",
				cmd.At, shard, instant(seen.Clock)))
		}
	}
	codec, _ := profile.NewCodec(set.Schema(), set.IDs(), seen.Names)
	p, err := codec.Decode(cmd.Live, blob)
	if err != nil {
		return unusable(err)
	}
	if seen.Rules != set.Fingerprint() {
		_, _ = fmt.Fprintf(c.err, "warning: the rules of %s are not those that shard %d goes by: "+
			"what only they ask for is not kept of the profile and shows as absent\n", where, shard)
	}
	return cmd.print(c, set, p, clock)
}
