package stack

import (
	"context"
	"fmt"

	"muster/directive"
	"muster/pipeline"
	"muster/stream"
)

// Direct puts directives on the keyed topic, as whoever backfills does.
func (s *System) Direct(directives ...directive.Directive) {
	s.t.Helper()
	cfg := stream.Default()
	cfg.Brokers, cfg.Keyed, cfg.Group = s.brokers, s.Keyed, s.group()
	cluster, err := stream.Connect(cfg, nil)
	if err != nil {
		s.t.Fatalf("connecting to give directives: %v", err)
	}
	defer cluster.Close()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	if err := cluster.Direct(ctx, s.Shards, directives); err != nil {
		s.t.Fatal(err)
	}
}

// AwaitSeam waits until the seam of a run is open in every shard, and returns
// where it is in each.
func (s *System) AwaitSeam(run string) []int64 {
	s.t.Helper()
	at := make([]int64, s.Shards)
	s.Await("the seams", Patience, func() error {
		for shard := range at {
			ctx, cancel := s.bounded()
			stored, err := s.Redis.HGetAll(ctx, s.key(shard, "catalog")).Result()
			cancel()
			if err != nil {
				return err
			}
			at[shard] = 0
			for _, seam := range pipeline.SeamsOf(stored) {
				if seam.Run == run {
					at[shard] = seam.At
				}
			}
			if at[shard] == 0 {
				return fmt.Errorf("shard %d has no seam of run %s", shard, run)
			}
		}
		return nil
	})
	return at
}
