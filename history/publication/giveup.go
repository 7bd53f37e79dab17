package publication

import (
	"context"
	"fmt"
	"math"
	"path/filepath"

	"muster/directive"
)

// GiveUp ends the run of a publication that is not to be gone on with: its
// seams are closed, and nothing more is said to be known of its series. What
// profiles have got of it stays, and is exact. A publication that has ended,
// or never began, is left as it is.
func GiveUp(ctx context.Context, g Guide, dir, request string) error {
	path := filepath.Join(dir, "requests", request, StateFile)
	s, err := readState(path)
	if err != nil || s == nil || s.Ended != 0 || s.Lost != "" {
		return err
	}
	// As of this instant history is whole: that is, of nothing.
	d := directive.Directive{Kind: directive.Close, Run: s.Run, Since: math.MaxInt64}
	if err := g.Direct(ctx, []directive.Directive{d}); err != nil {
		return fmt.Errorf("giving up run %s: %w", s.Run, err)
	}
	s.Lost = "it was given up"
	return s.write(path)
}
