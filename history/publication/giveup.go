package publication

import (
	"context"
	"fmt"

	"muster/directive"
	"muster/history"
)

// GiveUp ends the run of a request that is not to be gone on with: its seams
// take no more patches, and nothing more is said to be known of its series. What
// profiles have got of it stays, and is exact. One that has ended, or never
// began, is left as it is.
func GiveUp(ctx context.Context, t Target, dir, request string) error {
	c := &history.Config{Dir: dir}
	s, err := readState(c, request)
	if err != nil || s == nil || s.Ended != 0 || s.GivenUp {
		return err
	}
	if err := s.giveUp(ctx, t); err != nil {
		return err
	}
	return s.write(c, request)
}

// giveUp ends the seams of a run, if there are any.
func (s *State) giveUp(ctx context.Context, t Target) error {
	s.GivenUp = true
	if there, err := s.everywhere(ctx, t); err != nil || !there {
		return err
	}
	d := directive.Directive{Kind: directive.GiveUp, Run: s.Run}
	if err := t.Guide.Direct(ctx, []directive.Directive{d}); err != nil {
		return fmt.Errorf("giving up run %s: %w", s.Run, err)
	}
	return nil
}

// everywhere reports whether every shard has the run's seam. A run whose seams
// were not seen yet may be on its way to them.
func (s *State) everywhere(ctx context.Context, t Target) (bool, error) {
	if s.Opened == 0 {
		return true, nil
	}
	for shard := range t.Count {
		all, err := t.Shards.Seams(ctx, shard)
		if err != nil {
			return false, err
		}
		if find(all, s.Run) == nil {
			return false, nil
		}
	}
	return true, nil
}
