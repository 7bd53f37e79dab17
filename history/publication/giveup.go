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
func GiveUp(ctx context.Context, t Target, c *history.Config, request string) error {
	s, err := readState(c, request)
	if err != nil || s == nil || s.Ended != 0 || s.GivenUp {
		return err
	}
	if err := s.giveUp(ctx, t); err != nil {
		return err
	}
	return s.write(c, request)
}

// giveUp ends the seams of a run, wherever there are any. What shards have stored
// is not asked: Redis may just have come back older, without a seam that the
// shard has again when it has read its log so far. The directive is on that log
// too, behind the one that has opened the seam.
func (s *State) giveUp(ctx context.Context, t Target) error {
	d := directive.Directive{Kind: directive.GiveUp, Run: s.Run}
	if err := t.Guide.Direct(ctx, []directive.Directive{d}); err != nil {
		return fmt.Errorf("giving up run %s: %w", s.Run, err)
	}
	s.GivenUp = true
	return nil
}
