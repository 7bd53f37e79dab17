package main

import (
	"context"
	"fmt"
	"os/signal"
	"syscall"

	"muster/profile"
)

// live explains for a profile that Redis has.
func (cmd *explainCommand) live(c console) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	r, err := openReader(ctx, c, cmd.Config)
	if err != nil {
		return err
	}
	defer r.store.Close()
	if cmd.Segments == "" {
		cmd.Segments = r.config.Segments.Path
	}
	set, err := loadSegments(cmd.Segments)
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
			"what only they ask for is not kept of the profile and shows as absent\n", cmd.Segments, shard)
	}
	return cmd.print(c, set, p, clock)
}
